/*
 * busy.h - a program with a busy tree: tasks, calls, nested calls, and what called functions leave
 * behind
 *
 * It is for tests that kill a part of it and look at the rest. What it finds out it notes in memory
 * that it shares with the test.
 */
#ifndef TESTS_BUSY_H
#define TESTS_BUSY_H

#include <stdbool.h>
#include <sys/types.h>

struct busy_report {
    bool stop;                  /* set by the test: end in order */
    unsigned right;             /* calls that gave what they should */
    unsigned lost;              /* calls that the end of a server or the root cost */
    unsigned closed;            /* calls that the end of their process cost */
    unsigned wrong;             /* anything else */
    char first_wrong[512];
};

/* Memory to be shared with a busy program, and its release. */
struct busy_report *busy_report_new(void);
void busy_report_free(struct busy_report *report);

/* The life of the program, in a process forked for it. It ends with status 0 after stop. */
void busy_program(struct busy_report *report) __attribute__((noreturn));

#endif
