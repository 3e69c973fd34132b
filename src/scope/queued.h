/*
 * queued.h - tasks that wait in the queue of an executor of the user's
 *
 * Whichever comes first runs such a task: a thread of the executor's, or its owner, when that waits
 * for it: so a pool cannot run out of threads. It claims the task under the tree's lock; the other
 * finds it claimed, and has nothing to do.
 *
 * A task that its owner runs lies on the owner's stack, and the owner cannot end before it. It is
 * cancelled with the owner, if the owner could be cancelled where it stands (scoped__cancel_lead).
 */
#ifndef FORKSCOPE_SCOPE_QUEUED_H
#define FORKSCOPE_SCOPE_QUEUED_H

#include "src/scope/current.h"
#include "src/scope/wait.h"

/*
 * Unlocked: hands a linked node, with one reference for the run, to the executor, which may run it
 * before it returns. 0, or the executor's error; the node and the reference are the caller's still
 * then.
 */
int scoped__queued_add(struct node *node);

/*
 * Locked: whether a waiter may run the node, and should, if it is its own. One that has not been
 * cancelled is not begun when the waiter's deadline has passed.
 */
bool scoped__queued_runs(const struct node *node, int64_t deadline);

/* Locked, but not while it runs: the waiter runs it. 0, or -ECANCELED if the waiter was cancelled. */
int scoped__queued_run(struct wait wait, struct node *node);

#endif
