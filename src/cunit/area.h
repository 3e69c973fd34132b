/*
 * area.h - memory that a test's process shares with the runner
 *
 * All results of a test go through it, since descriptors may be closed and the process may die at
 * any instruction. A string is copied in full before it is published; the runner copies it with a
 * bounded length.
 */
#ifndef FORKSCOPE_CUNIT_AREA_H
#define FORKSCOPE_CUNIT_AREA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { AREA_FAILURES = 64, AREA_FILE = 160, AREA_TEXT = 640, AREA_FRAMES = 48, AREA_STACKS = 16 };

/* How far the test has come. The runner interprets the end of the process by it. */
enum area_state {
    AREA_RUNNING,   /* since the fork */
    AREA_CUT_SHORT, /* a fatal assertion on another thread than the test's ends the process */
    AREA_FINISHED   /* the second inventory is done; only exit() is left */
};

struct area_failure {
    atomic_bool written;
    unsigned line;
    char file[AREA_FILE];
    char text[AREA_TEXT];
};

/* The stack of one thread, as its signal handler found it. */
struct area_stack {
    atomic_bool written;
    pid_t tid;
    int depth;
    void *interrupted; /* where the signal came in; the frames before it are the handler's. NULL:
                          unknown */
    void *frames[AREA_FRAMES];
};

struct area {
    pid_t pid; /* the test's process; a process with another pid was forked by the test */
    atomic_int state;
    atomic_llong deadline; /* CLOCK_MONOTONIC, nanoseconds */
    atomic_uint allowed;
    atomic_uint assertions;
    atomic_uint failures; /* may exceed AREA_FAILURES: the rest are only counted */
    struct area_failure failure[AREA_FAILURES];
    atomic_bool asked_for_stacks; /* the time is up: SIGABRT asks for a stack and does not kill */
    atomic_int signal;            /* the signal that kills the process, 0: none */
    void *address;
    atomic_uint stacks;
    int runner_depth; /* frames at the bottom of the test's stack that belong to the runner */
    struct area_stack stack[AREA_STACKS];
};

/* The area of the running test; NULL in the runner and with --no-fork. */
extern struct area *procspawn__cunit_area;

/* Returns 0 or a negative errno. `ret_area` is zeroed. */
int procspawn__cunit_area_map(struct area **ret_area);
void procspawn__cunit_area_unmap(struct area *area);

/*
 * Adds a failure. May be called by several threads and processes of the test at once. `line` 0: no
 * place in a file.
 */
void procspawn__cunit_area_fail(struct area *area, const char *file, unsigned line,
                                const char *text);

#endif
