/*
 * failure.h - what becomes of a task that failed: it is reported, and its scope's policy judges
 */
#ifndef FORKSCOPE_SCOPE_FAILURE_H
#define FORKSCOPE_SCOPE_FAILURE_H

#include "src/scope/node.h"

/*
 * Unlocked: if the node failed with this status, tells the nearest scope that listens. Returns the
 * failure, for the list of the node's scope if that keeps one; otherwise, or without memory, NULL.
 */
struct scoped_failure *scoped__failure_new(struct node *node, int status);

/*
 * Locked: counts the end of a node in its scope, keeps the failure, and cancels as the policy says.
 */
void scoped__failure_judge(struct node *node, int status, struct scoped_failure *failure);

#endif
