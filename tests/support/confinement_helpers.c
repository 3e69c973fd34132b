/*
 * confinement_helpers.c - mounts, filters, threads and processes for tests of rights
 */
#include "tests/support/confinement_helpers.h"

#include <fcntl.h>
#include <forkscope/cunit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* Creates a mount namespace. Without root it takes a user namespace of its own. */
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

bool confinement_lose_proc(void)
{
    return own_mounts() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/proc", "tmpfs", 0, NULL) == 0;
}

static void allow_unprivileged(void)
{
    if (geteuid() != 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

bool confinement_add_filter(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { 1, &allow };

    allow_unprivileged();
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

bool confinement_add_landlock(void)
{
    const uint64_t make_devices = LANDLOCK_ACCESS_FS_MAKE_BLOCK;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &make_devices, sizeof make_devices, 0);

    if (ruleset < 0)
        return false;
    allow_unprivileged();
    bool done = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return done;
}

static void *run_part(void *part)
{
    ((void (*)(void))(uintptr_t)part)();
    return NULL;
}

void confinement_in_thread(void (*part)(void))
{
    pthread_t thread;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, run_part, (void *)(uintptr_t)part) == 0);
    pthread_join(thread, NULL);
}

void confinement_in_process(void (*part)(void))
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
