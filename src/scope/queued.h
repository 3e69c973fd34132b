/*
 * queued.h - tasks in the queue of an executor
 *
 * Such a task is run by a thread of the executor, or by its owner when the owner waits for it,
 * whichever comes first. So tasks that wait for their children cannot use up all threads of an
 * executor. The runner takes the task under the tree's lock; the other one finds it taken and
 * does nothing.
 *
 * A task that its owner runs lies on the owner's stack, so the owner cannot end before it. It is
 * cancelled with the owner, if the owner may be cancelled where it waits (scoped__cancel_lead).
 */
#ifndef FORKSCOPE_SCOPE_QUEUED_H
#define FORKSCOPE_SCOPE_QUEUED_H

#include "src/scope/current.h"
#include "src/scope/wait.h"

/*
 * Unlocked: hands a linked node, with one reference for the run, to its executor, which may run it
 * before it returns. Returns 0, or the executor's error; then the caller keeps the node and the
 * reference.
 */
int scoped__queued_add(struct node *node) EXCLUDES(tree_lock);

/*
 * Locked: returns whether a waiter may run the node. If the waiter's deadline has passed, only a
 * cancelled node may be run: its function is not called.
 */
bool scoped__queued_runs(const struct node *node, int64_t deadline) REQUIRES(tree_lock);

/*
 * Locked on entry and return, unlocked while the node runs: the waiter runs it. Returns 0, or
 * -ECANCELED if the waiter was cancelled.
 */
int scoped__queued_run(struct wait wait, struct node *node) REQUIRES(tree_lock);

#endif
