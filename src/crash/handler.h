/*
 * handler.h - the child's side of its own crash: records the state, stops, lets the parent look
 *
 * A crashed process must not unwind itself: its locks may be held, its heap corrupt, its stack used
 * up. So the handler makes system calls and nothing else. The usual order:
 *
 *   child    crash__install()      before any user code
 *   child    crashes; the handler fills the record and stops the process (SIGSTOP)
 *   parent   waitpid(WUNTRACED) reports the stop; crash__read() finds the record: this
 *            is a crash, or a raised failure
 *   parent   has another process unwind it (unwind.h), which notes so in the record
 *   parent   kill(pid, SIGCONT): a crash now dies of its own signal, so that the wait status and
 *            a core dump are true; a raised failure continues
 *
 * A SIGCONT of another process comes too early: the child stops itself again until the record says
 * that it has been examined, for as long as an examination may take. Where nothing is noted in the
 * record it gives up soon.
 *
 * Stops for other reasons leave the record idle. The record lies at the same address in parent and
 * child, because the child was forked from the same image.
 */
#ifndef FORKSCOPE_CRASH_HANDLER_H
#define FORKSCOPE_CRASH_HANDLER_H

#include "src/crash/machine.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

/* Each state with the event that enters it. */
enum crash_state {
    CRASH_IDLE,        /* armed, or a raised failure has continued */
    CRASH_FILLING,     /* a thread got the record */
    CRASH_CRASHED,     /* the record is filled, and the process stops itself */
    CRASH_RAISED,      /* the same, by crash__raise() */
    CRASH_RELEASED     /* after SIGCONT: the process is about to die */
};

/* si_code of a SIGSYS by a seccomp filter: the kernel's SYS_SECCOMP, which libc's headers lack. */
enum { CRASH_TRAPPED = 1 };

/* Written by the unwinder. */
enum crash_examination {
    CRASH_UNSEEN,
    CRASH_SEEN,       /* the record has been read; the process is to stay stopped */
    CRASH_EXAMINED    /* all has been read: only SIGCONT is missing */
};

struct crash_record {
    uint32_t magic;
    uint32_t state;     /* enum crash_state; atomic: several threads can crash at once */
    uint32_t examination; /* enum crash_examination; atomic */
    int32_t pid;        /* the process that armed it; a forked copy has another pid */
    int32_t tid;        /* the thread that crashed or raised */
    int32_t signo;      /* 0 when raised */
    int32_t code;       /* si_code */
    uint32_t access;    /* enum crash_access */
    uint32_t said;      /* enum backtrace_said: what the process has said before (texts.h) */
    int32_t number;     /* of the sender, if a process sent the signal; of the system call (SIGSYS) */
    uint64_t address;   /* si_addr */
    struct registers registers;
};

/*
 * In a child, before user code and while it has one thread: installs an alternate stack and
 * handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGQUIT, SIGXCPU and
 * SIGXFSZ. A sanitizer's exit
 * counts as a raised failure. server: the process whose descendants may trace this one, where Yama
 * requires it. Threads that executors start later have an alternate stack, too (signal_stack.h); in
 * others a stack overflow kills the process without a report. Returns 0 or a negative errno value.
 */
int crash__install(pid_t server);

/*
 * The two halves of crash__install. Children inherit what is prepared, but a crash is
 * recorded only in a process that is armed. So a parent of many children prepares once.
 */
int crash__prepare(void);
void crash__arm(pid_t server);

/*
 * For system calls that a seccomp filter traps (SIGSYS): trap does them itself, or returns false,
 * and the process crashes. It must be async-signal-safe. Installs the handler for SIGSYS if that is
 * not caught. Returns 0 or a negative errno value.
 */
int crash__set_trap(bool (*trap)(ucontext_t *context));

/*
 * Stops the process as a crash would, with the caller's registers in the record, and returns when
 * it is continued. The caller's frame must still exist then, so this must not be a tail call.
 * Returns 0; -ENOTSUP if the process is not armed.
 */
int crash__raise(void);

/*
 * In the parent: copies the record of a stopped child. Returns 0 if a crash or a raised failure
 * stopped the child; -ENOENT if something else did; another negative errno value if it cannot be
 * read.
 */
int crash__read(pid_t pid, struct crash_record *ret_record);

/*
 * Notes in the record of a stopped child how far its examination is. mem: its memory, open for
 * writing; -1: it is written by number, with the present rights. If it cannot be written, the child
 * does not wait long.
 */
void crash__mark(pid_t pid, int mem, enum crash_examination examination);

#endif
