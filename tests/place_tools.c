#include "tests/place_tools.h"

#include <fcntl.h>
#include <forkscope/cunit.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static bool put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

/* Who is not root can have mounts of its own in a user namespace of its own. */
static bool own_mounts(void)
{
    char map[64];
    uid_t uid = getuid();

    if (unshare(CLONE_NEWNS) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return false;
    snprintf(map, sizeof map, "0 %d 1", (int)uid);
    return put("/proc/self/uid_map", map);
}

bool place_lose_proc(void)
{
    return own_mounts() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/proc", "tmpfs", 0, NULL) == 0;
}

static void *run_part(void *part)
{
    ((void (*)(void))(uintptr_t)part)();
    return NULL;
}

void place_in_thread(void (*part)(void))
{
    pthread_t thread;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, run_part, (void *)(uintptr_t)part) == 0);
    pthread_join(thread, NULL);
}

void place_in_process(void (*part)(void))
{
    int status = -1;

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        part();
        fflush(stdout);
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}
