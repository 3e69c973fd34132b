/*
 * single_thread.c - whether the calling thread is the only one of its process
 *
 * The thread sanitizer has threads of its own: none or one in a program, one more in a process that
 * was forked. They do not count. They have no name, and their stacks are not known; they are
 * recognised by their signal mask, which blocks every signal that can be blocked. A thread of the
 * program would be mistaken for one only with the same mask.
 */
#include "src/init/single_thread.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Bits of signals 1 to 30 without SIGKILL and SIGSTOP. */
static const uint64_t all_blocked = UINT64_C(0x3ffbfeff);

static bool under_thread_sanitizer(void)
{
    return dlsym(RTLD_DEFAULT, "__tsan_init") != NULL;
}

static bool blocks_all(pid_t thread)
{
    char path[64], line[128];
    uint64_t blocked = 0;

    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)thread);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status) &&
           sscanf(line, "SigBlk: %" SCNx64, &blocked) != 1)
        continue;
    if (status)
        fclose(status);
    return (blocked & all_blocked) == all_blocked;
}

/* The thread id in /proc, which may belong to another pid namespace than this process. */
static pid_t own_number(void)
{
    char path[64];
    ssize_t length = readlink("/proc/thread-self", path, sizeof path - 1);

    path[length > 0 ? length : 0] = '\0';
    const char *name = strrchr(path, '/');
    return name ? atoi(name + 1) : gettid();
}

static bool lists_others(bool sanitized)
{
    DIR *tasks = opendir("/proc/self/task");
    pid_t own = own_number();
    bool others = false;
    struct dirent *entry;

    while (tasks && !others && (entry = readdir(tasks))) {
        pid_t thread = atoi(entry->d_name);     /* 0: "." and ".." */
        others = thread > 0 && thread != own && !(sanitized && blocks_all(thread));
    }
    if (tasks)
        closedir(tasks);
    return others;
}

/* unshare(CLONE_THREAD) succeeds if the process has one thread, and else fails with EINVAL. */
static bool has_others(bool sanitized)
{
    if (unshare(CLONE_THREAD) == 0)
        return false;
    return (errno == EINVAL && !sanitized) || lists_others(sanitized);
}

/* The kernel may still count a thread shortly after it was joined: so this is repeated. */
bool procspawn__single_threaded(void)
{
    enum { TRIES = 20 };
    bool sanitized = under_thread_sanitizer();

    for (int i = 0; i < TRIES; i++) {
        if (!has_others(sanitized))
            return true;
        poll(NULL, 0, 1);
    }
    return false;
}
