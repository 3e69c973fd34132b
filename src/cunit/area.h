/*
 * The memory that a test's process shares with the runner. Everything a test has to say goes
 * through it, since descriptors may be closed and the process may die at any instruction. Strings
 * are copied in whole before they are published, and the runner copies them out with their length
 * bounded.
 */
#ifndef SRC_CUNIT_AREA_H
#define SRC_CUNIT_AREA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { AREA_FAILURES = 64, AREA_FILE = 160, AREA_TEXT = 640, AREA_FRAMES = 48, AREA_STACKS = 16 };

/* Where the test is; the runner judges the end of the process by it. */
enum area_state {
    AREA_RUNNING,   /* from the fork */
    AREA_CUT_SHORT, /* a fatal assertion off the test's own thread is ending a process */
    AREA_FINISHED   /* the last inventory is done; only exit() is left */
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
    void *interrupted; /* where the signal came; the frames before it are the handler's. NULL:
                          unknown */
    void *frames[AREA_FRAMES];
};

struct area {
    pid_t pid; /* the test's process; what runs under another pid was forked by the test */
    atomic_int state;
    atomic_llong deadline; /* CLOCK_MONOTONIC, nanoseconds */
    atomic_uint allowed;
    atomic_uint assertions;
    atomic_uint failures; /* may exceed AREA_FAILURES: the rest is only counted */
    struct area_failure failure[AREA_FAILURES];
    atomic_bool asked_for_stacks; /* the time is up: a signal wants the stack, not the end */
    atomic_int signal;            /* the deadly one, 0 for none */
    void *address;
    atomic_uint stacks;
    int runner_depth; /* frames at the end of the test's own stack that are the runner's */
    struct area_stack stack[AREA_STACKS];
};

/* The area of the test that runs; NULL in the runner and with --no-fork. */
extern struct area *procspawn__cunit_area;

/* Returns 0 or a negative errno. `ret_area` is zeroed. */
int procspawn__cunit_area_map(struct area **ret_area);
void procspawn__cunit_area_unmap(struct area *area);

/* Notes a failure; a test's thread, other threads and other processes may do so at once. `line` 0:
 * no place in a file. */
void procspawn__cunit_area_fail(struct area *area, const char *file, unsigned line,
                                const char *text);

#endif
