/*
 * busy_program.h - a program with a busy tree: tasks, calls, nested calls, processes left behind;
 * or one that calls in pools whose calls start fresh
 *
 * For tests that kill a part of the tree and examine the rest. The program writes its findings into
 * memory that it shares with the test.
 */
#ifndef FORKSCOPE_SUPPORT_BUSY_PROGRAM_H
#define FORKSCOPE_SUPPORT_BUSY_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

struct busy_report {
    bool stop;                  /* set by the test: the program is to end */
    bool only_fresh;            /* set before the start: all calls are those of fresh pools */
    unsigned right;             /* calls with the right result */
    unsigned lost;              /* calls lost with a server or the root */
    unsigned closed;            /* calls lost with their process */
    unsigned wrong;             /* all other outcomes */
    char first_wrong[512];
};

/* Memory shared with a busy program: created and freed. */
struct busy_report *busy_report_new(void);
void busy_report_free(struct busy_report *report);

/* The program itself, in a process forked for it. After `stop` it ends with status 0. */
void busy_program(struct busy_report *report) __attribute__((noreturn));

#endif
