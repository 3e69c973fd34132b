/*
 * walk.h - the tasks that find the files
 */
#ifndef VET_WALK_H
#define VET_WALK_H

#include "examples/vet/options.h"
#include "examples/vet/paths.h"
#include "examples/vet/report.h"

#include <stdatomic.h>

/* What the walking tasks share. */
struct walk {
    const struct options *options;
    atomic_size_t next;             /* the argument that nobody walks yet */
    struct paths *paths;            /* where the files go */
    struct report *report;          /* where directories go that cannot be read */
};

/*
 * The function of a walking task: takes the arguments of the command line one by one, and puts all
 * that is not a directory into the queue. Several tasks may do it at once. Returns 0, -ENOMEM, or
 * -EPIPE when the queue was closed.
 */
int walk_run(void *walk);

#endif
