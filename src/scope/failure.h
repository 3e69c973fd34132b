/*
 * failure.h - a failed task: its report, and the verdict of its scope's policy
 */
#ifndef FORKSCOPE_SCOPE_FAILURE_H
#define FORKSCOPE_SCOPE_FAILURE_H

#include "src/scope/node.h"

/*
 * Unlocked: if the node failed with this status, reports it to the nearest scope above that has an
 * on_failure function. Returns the failure if the node's scope keeps a list of failures; otherwise,
 * or without memory, NULL.
 */
struct scoped_failure *scoped__failure_new(struct node *node, int status) EXCLUDES(tree_lock);

/* The status that is told of a node that has entered NODE_ENDING, if it ended with `status`. */
int scoped__end_status(const struct node *node, int status);

/*
 * Locked: counts the end of a node in its scope, adds the failure (taken, may be NULL) to the
 * scope's list, and cancels the scope if its policy says so.
 */
void scoped__failure_judge(struct node *node, int status, struct scoped_failure *failure)
    REQUIRES(tree_lock);

#endif
