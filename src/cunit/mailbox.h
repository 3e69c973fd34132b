/*
 * mailbox.h - memory that a test's process shares with the runner
 *
 * All results of a test go through it, since descriptors may be closed and the process may die at
 * any instruction. A string is copied in full before it is published; the runner copies it with a
 * bounded length.
 */
#ifndef FORKSCOPE_CUNIT_MAILBOX_H
#define FORKSCOPE_CUNIT_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    MAILBOX_FAILURES = 64,
    MAILBOX_FILE = 160,
    MAILBOX_TEXT = 640,
    MAILBOX_FRAMES = 48,
    MAILBOX_STACKS = 16
};

/* How far the test has come. The runner interprets the end of the process by it. */
enum mailbox_state {
    MAILBOX_RUNNING,   /* since the fork */
    MAILBOX_CUT_SHORT, /* a fatal assertion on another thread than the test's ends the process */
    MAILBOX_FINISHED   /* the second inventory is done; only exit() is left */
};

struct mailbox_failure {
    atomic_bool written;
    unsigned line;
    char file[MAILBOX_FILE];
    char text[MAILBOX_TEXT];
};

/* The stack of one thread, as its signal handler found it. */
struct mailbox_stack {
    atomic_bool written;
    pid_t tid;
    int depth;
    void *interrupted; /* where the signal came in; the frames before it are the handler's. NULL:
                          unknown */
    void *frames[MAILBOX_FRAMES];
};

struct mailbox {
    pid_t pid; /* the test's process; a process with another pid was forked by the test */
    atomic_int state;
    atomic_llong deadline; /* CLOCK_MONOTONIC, nanoseconds */
    atomic_uint allowed;
    atomic_uint assertions;
    atomic_uint failures; /* may exceed MAILBOX_FAILURES: the rest are only counted */
    struct mailbox_failure failure[MAILBOX_FAILURES];
    atomic_bool asked_for_stacks; /* the time is up: SIGABRT asks for a stack and does not kill */
    atomic_int signal;            /* the signal that kills the process, 0: none */
    void *address;
    int code;                   /* si_code of the signal */
    atomic_uint stacks;
    int runner_depth; /* frames at the bottom of the test's stack that belong to the runner */
    struct mailbox_stack stack[MAILBOX_STACKS];
};

/* The mailbox of the running test; NULL in the runner and with --no-fork. */
extern struct mailbox *procspawn__cunit_mailbox;

/* Returns 0 or a negative errno. `ret_mailbox` is zeroed. */
int procspawn__cunit_mailbox_map(struct mailbox **ret_mailbox);
void procspawn__cunit_mailbox_unmap(struct mailbox *mailbox);

/*
 * Adds a failure. May be called by several threads and processes of the test at once. `line` 0: no
 * place in a file.
 */
void procspawn__cunit_mailbox_fail(struct mailbox *mailbox, const char *file, unsigned line,
                                   const char *text);

#endif
