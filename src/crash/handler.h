/* The child's side of its own crash: it writes down what it knows, stops, and lets its parent look.
 *
 * A process that has just lost its mind should not unwind itself: its locks may be held, its heap
 * broken, its stack gone. So the handler makes system calls and nothing else. The usual order:
 *
 *   child    forkserver__crash_install()                     before any user code
 *   child    crashes; the handler fills the record and stops the process (SIGSTOP)
 *   parent   waitpid(WUNTRACED) says so; forkserver__crash_read() finds the record: this
 *            is a crash, or a raised failure
 *   parent   has another process unwind it (unwind.h)
 *   parent   kill(pid, SIGCONT): a crash now dies of its own signal, so that the wait status and
 *            a core dump are true; a raised failure goes on
 *
 * Stops in other ways leave the record idle. The record lies at the same address in parent and
 * child, since the child was forked and is the same image. */
#ifndef FORKSERVER_CRASH_H
#define FORKSERVER_CRASH_H

#include "src/crash/machine.h"

#include <stdint.h>
#include <sys/types.h>

/* What enters a state stands beside it. */
enum crash_state {
    CRASH_IDLE,        /* installed; a raised failure went on */
    CRASH_FILLING,     /* a thread won the record */
    CRASH_CRASHED,     /* the record is filled: the process stops itself now */
    CRASH_RAISED,      /* the same, by forkserver__crash_raise() */
    CRASH_RELEASED     /* after SIGCONT: the process is about to die */
};

struct crash_record {
    uint32_t magic;
    uint32_t state;     /* enum crash_state; atomic: several threads can crash at once */
    int32_t pid;        /* who installed it: a grandchild has a copy, but not this pid */
    int32_t tid;        /* the thread that crashed or raised */
    int32_t signo;      /* 0 when raised */
    int32_t code;       /* si_code */
    uint64_t address;   /* si_addr */
    struct registers registers;
};

/* In a child, before user code and while it has one thread: an alternate stack and handlers for
 * SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS and SIGTRAP; the end by a sanitizer counts as a
 * raised failure. parent: who will look, for systems that ask (Yama). Threads started later have no
 * alternate stack: overflow of theirs kills without a report. Returns 0 or a negative errno
 * value. */
int forkserver__crash_install(pid_t parent);

/* The two halves of it. What is prepared is inherited, and lets every crash pass until the process
 * that has it is armed: so the parent of many children prepares once. */
int forkserver__crash_prepare(void);
void forkserver__crash_arm(pid_t parent);

/* Stops the process as a crash would, with the caller's registers in the record, and returns when
 * it is continued. The caller's frame must stay: call it, and do not end in it. Returns 0; -ENOTSUP
 * where nothing is installed. */
int forkserver__crash_raise(void);

/* In the parent: copies the record of a stopped child. Returns 0 when the child is stopped by a
 * crash or a raised failure; -ENOENT when by something else; another negative errno value when it
 * cannot be read. */
int forkserver__crash_read(pid_t pid, struct crash_record *ret_record);

#endif
