#include "tests/support/memory_group.h"

#include <forkscope/cunit.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool write_text(const char *directory, const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return written;
}

bool memory_group_make(struct memory_group *ret_group)
{
    static const struct { const char *at, *limit; } versions[] = {
        { "/sys/fs/cgroup/memory", "memory.limit_in_bytes" }, { "/sys/fs/cgroup", "memory.max" },
    };

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        snprintf(ret_group->path, sizeof ret_group->path, "%s/forkscope-%d", versions[i].at,
                 (int)getpid());
        if (mkdir(ret_group->path, 0700) < 0)
            continue;
        write_text(ret_group->path, "memory.swap.max", "0");
        if (write_text(ret_group->path, versions[i].limit, "16777216"))
            return true;
        rmdir(ret_group->path);
    }
    return false;
}

void memory_group_remove(const struct memory_group *group)
{
    CU_ASSERT(rmdir(group->path) == 0);
}

bool memory_group_exceed(const char *path)
{
    enum { MUCH = 256 << 20, PAGE = 4096 };

    if (!write_text(path, "cgroup.procs", "0"))
        return false;
    volatile char *memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                                 -1, 0);
    for (size_t i = 0; memory != MAP_FAILED && i < MUCH; i += PAGE)
        memory[i] = 1;
    return true;
}

void memory_group_kill_one(const struct memory_group *group)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        memory_group_exceed(group->path);
        _exit(1);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
