/*
 * tracee.h - the threads of another process, stopped by ptrace while they are examined
 *
 * Used in a short-lived process: when it ends, the kernel releases the threads.
 */
#ifndef FORKSCOPE_CRASH_TRACEE_H
#define FORKSCOPE_CRASH_TRACEE_H

#include "src/crash/machine.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TRACEES_MAX = 1024 };

struct tracee {
    pid_t tid;
    int error;    /* 0: stopped; -ESRCH: ended; -ETIMEDOUT: did not stop; -EPERM */
    char name[16];
    long call;              /* the system call that it is in; -1: none, or not known */
    uint64_t argument[6];   /* of that call */
    struct registers registers;    /* after -ETIMEDOUT, -EPERM: some, or none (pc 0) */
};

struct tracees {
    struct tracee tracee[TRACEES_MAX];
    size_t count;
    size_t more;    /* number of threads beyond those */
};

/*
 * Stops the threads of pid and reads their registers, `first` before all others if it is one of
 * them, and then the main thread. Waits for the stops until deadline (ns, CLOCK_MONOTONIC).
 * Returns 0, or a negative errno value if the threads cannot be listed. SIGCHLD must be blocked.
 */
int crash__tracees_stop(struct tracees *ret_tracees, pid_t pid, pid_t first, int64_t deadline);

/*
 * If the first thread has ended, as the main thread of a process can before others, another one
 * that has not comes first.
 */
void crash__tracees_lead_living(struct tracees *tracees);

/* Detaches: the threads run on, or stay stopped as before. The entries stay valid. */
void crash__tracees_release(struct tracees *tracees);

#endif
