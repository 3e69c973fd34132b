/*
 * report.h - what the user gets to see
 *
 * Verdicts go to standard output, as lines at once or as one JSON document at the end; progress
 * goes to standard error if that is a terminal.
 */
#ifndef VET_REPORT_H
#define VET_REPORT_H

#include "examples/vet/options.h"
#include "examples/vet/tally.h"
#include "examples/vet/verdict.h"

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

struct report {
    const struct options *options;
    bool progress;                  /* standard error is a terminal */
    pthread_mutex_t lock;           /* guards what is below, and the order of the output */
    struct tally tally;
    json_t *files;                  /* those that are not ok, for the JSON form */
    bool shown;                     /* a progress line stands on the terminal */
};

/* The options are borrowed. Returns 0 or -ENOMEM. */
int report_init(struct report *report, const struct options *options);
void report_fini(struct report *report);

/*
 * Counts a verdict and prints it. Either all of this happens or nothing: no cancellation point. Any
 * thread.
 */
void report_add(struct report *report, const char *path, const struct verdict *verdict);

/* Refreshes the progress line. */
void report_progress(struct report *report);

/*
 * Prints the end: the numbers, whether the run was interrupted, and how many processes are left.
 * Nobody adds any more. Returns 0, or -EIO when standard output has failed.
 */
int report_end(struct report *report, bool interrupted, int processes_left);

#endif
