/*
 * calls.h - the tasks that have the files parsed
 */
#ifndef VET_CALLS_H
#define VET_CALLS_H

#include "examples/vet/flight.h"
#include "examples/vet/options.h"
#include "examples/vet/paths.h"
#include "examples/vet/report.h"

/* What the calling tasks share. */
struct calls {
    const struct options *options;
    struct paths *paths;            /* where the files come from */
    struct report *report;          /* where the verdicts go */
    struct flight *flight;          /* what is under way */
};

/*
 * The function of a calling task: has one call in flight at a time, until the queue has ended. A
 * cancelled task kills the call that it waits for; that file gets no verdict. Returns 0, or -ENOMEM
 * with the queue closed.
 */
int calls_run(void *calls);

#endif
