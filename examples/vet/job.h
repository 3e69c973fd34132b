/*
 * job.h - the task above all the others
 *
 *     job ─┬─ walk ... walk      find the files
 *          └─ call ... call      have them parsed
 *
 * Whoever cancels the job ends them all, with their processes.
 */
#ifndef VET_JOB_H
#define VET_JOB_H

#include "examples/vet/calls.h"
#include "examples/vet/options.h"
#include "examples/vet/paths.h"
#include "examples/vet/report.h"
#include "examples/vet/walk.h"

#include <forkscope/scope.h>

struct job {
    const struct options *options;
    struct paths paths;
    struct flight flight;
    struct walk walk;
    struct calls calls;
    int done_fd;                    /* an eventfd, readable when the job is over */
};

/* The options and the report are borrowed. Returns 0 or a negative errno value. */
int job_init(struct job *job, const struct options *options, struct report *report);
void job_fini(struct job *job);

/*
 * The function of the task, and the one for its end. Returns 0, or the first failure of a task
 * below.
 */
int job_run(scoped_spawner self, void *job);
void job_done(void *job);

#endif
