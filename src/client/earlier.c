/*
 * earlier.c - reaps roots that this process started before it called execve(2)
 */
#include "src/client/earlier.h"

#include "forkserver/forkserver.h"
#include "src/base/clock.h"
#include "src/base/guarded.h"
#include "src/base/proc.h"
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 8 };

extern struct base__lock earlier_lock;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pid_t roots[MOST] GUARDED_BY(earlier_lock);
static unsigned count GUARDED_BY(earlier_lock);     /* atomic: it is also read without it */

static void lock(void) LOCKS(earlier_lock)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void) UNLOCKS(earlier_lock)
{
    pthread_mutex_unlock(&mutex);
}

void procspawn__earlier_find(void) NO_THREAD_SAFETY_ANALYSIS("there is one thread")
{
    char path[64];
    int pid;

    pthread_mutex_init(&mutex, NULL);
    count = 0;
    if (!base__proc_is_ours())
        return;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    while (children && count < MOST && fscanf(children, "%d", &pid) == 1) {
        if (base__proc_is_named(pid, FORKSERVER_ROOT_NAME))
            roots[count++] = pid;
    }
    if (children)
        fclose(children);
}

/* __WCLONE: waits only for children without an exit signal, and never for one of the program's. */
static bool is_gone(pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | __WCLONE) < 0 || info.si_pid != 0;
}

static unsigned reap(void)
{
    unsigned left = 0;

    lock();
    for (unsigned i = 0; i < count; i++) {
        if (!is_gone(roots[i]))
            roots[left++] = roots[i];
    }
    __atomic_store_n(&count, left, __ATOMIC_RELAXED);
    unlock();
    return left;
}

void procspawn__earlier_reap(int64_t deadline)
{
    if (__atomic_load_n(&count, __ATOMIC_RELAXED) == 0)
        return;
    while (reap() > 0 && base__now() < deadline)
        poll(NULL, 0, 1);
}
