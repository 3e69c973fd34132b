/* The threads of another process, held still by ptrace while they are looked at. Held from a
 * throw-away process: whatever happens to it, the kernel lets go of them. */
#ifndef FORKSERVER_THREADS_H
#define FORKSERVER_THREADS_H

#include "src/crash/machine.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { THREADS_HELD = 16 };

struct held {
    pid_t tid;
    int error;    /* 0: stopped, with registers; -ESRCH: ended; -ETIMEDOUT: runs on; -EPERM */
    char name[16];
    struct registers registers;    /* after -ETIMEDOUT: some, or none (pc 0) */
};

struct threads {
    struct held held[THREADS_HELD];
    size_t count;
    size_t more;    /* threads beyond those */
};

/* Stops the threads of pid, first before all others if it is one, and reads their registers; waits
 * until deadline (ns, CLOCK_MONOTONIC) for them to stop. Returns 0, or a negative errno value when
 * the process has no threads to be seen. SIGCHLD must be blocked. */
int forkserver__threads_hold(struct threads *ret_threads, pid_t pid, pid_t first, int64_t deadline);

/* Lets them run, or stay stopped, as they were; what is known of them stays. */
void forkserver__threads_release(struct threads *threads);

#endif
