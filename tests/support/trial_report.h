/*
 * trial_report.h - what a trial, which is a process of its own, has to say
 */
#ifndef FORKSCOPE_SUPPORT_TRIAL_REPORT_H
#define FORKSCOPE_SUPPORT_TRIAL_REPORT_H

/* What a trial has to say. */
struct report {
    unsigned count;             /* descriptors of the library's */
    char wrong[256];            /* the first thing that was; empty: nothing */
};

extern struct report *report;

/* Notes what is wrong; the first one stands. */
void blame(const char *format, ...);

/* Blames what has returned none of the codes, which end with 1. Returns the code. */
int expect(const char *what, int rc, ...);

#endif
