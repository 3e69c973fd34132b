/*
 * child_start.h - the first steps of a child; runs in the child
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_CHILD_START_H
#define FORKSCOPE_FORKSERVER_CHILDREN_CHILD_START_H

#include "forkserver/children/options.h"
#include <stdbool.h>
#include <sys/resource.h>

/* What a child must know of its server, whose private memory it does not inherit. */
struct child_start {
    const struct forkserver_options *options;
    struct forkserver_child child;
    struct rlimit descriptors;
    bool descriptors_differ;
    int mark;                   /* held until inherited descriptors are closed (struct births) */
    bool held;                  /* wait for READY on the link before continuing */
};

/* Called in the process that was just forked. */
void forkserver__child_main(const struct child_start *start) __attribute__((noreturn));

#endif
