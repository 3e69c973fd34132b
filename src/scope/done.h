/*
 * done.h - phase 6, the last act of a task
 */
#ifndef FORKSCOPE_SCOPE_DONE_H
#define FORKSCOPE_SCOPE_DONE_H

#include "src/scope/node.h"

/*
 * Unlocked: joins siblings that are done, counts the end of the task in its scope, and wakes those
 * that wait for it. `failure` (taken, may be NULL) goes to the scope.
 */
void scoped__tell_done(struct node *node, int status, struct scoped_failure *failure)
    EXCLUDES(tree_lock);

#endif
