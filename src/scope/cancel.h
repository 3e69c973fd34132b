/*
 * cancel.h - asking one task to end, and forcing it
 */
#ifndef FORKSCOPE_SCOPE_CANCEL_H
#define FORKSCOPE_SCOPE_CANCEL_H

#include "src/scope/node.h"

/*
 * Locked: cancels a task, or marks a scope as cancelled; its tasks are not reached (cancel_tree.h).
 * A second call has no effect.
 */
void scoped__cancel_one(struct node *node) REQUIRES(tree_lock);

/*
 * Unlocked: returns whether the node is cancelled. If so, what the canceller wrote before is
 * visible to the caller.
 */
bool scoped__is_cancelled(struct node *node) EXCLUDES(tree_lock);

/*
 * Locked: asks or forces a cancelled task, as its shield, its grace and its mode allow by now, or
 * sets a timer to try again.
 */
void scoped__cancel_reevaluate(struct node *node) REQUIRES(tree_lock);

/*
 * Locked: cancels a task or scope, and leaves pthread_cancel to the caller, if it is due and the
 * join of the task can be claimed. Then it returns true. The caller claims the join, calls
 * pthread_cancel without the lock, and then scoped__cancel_sent; `refused`: pthread_cancel had no
 * room for its signal and is to be repeated.
 */
bool scoped__cancel_deferred(struct node *node) REQUIRES(tree_lock);
void scoped__cancel_sent(struct node *node, bool refused) REQUIRES(tree_lock);

/*
 * Unlocked: from now on a cancel of the leader, including an earlier one, also cancels `node`,
 * which the leader owns and which runs on top of it on the same stack. NULL ends this.
 */
void scoped__cancel_lead(struct node *leader, struct node *node) EXCLUDES(tree_lock);

/*
 * Unlocked: creates the node's cancel descriptor if there is none, and returns it in *ret_fd.
 * Returns 0 or an errno of eventfd(2).
 */
int scoped__cancel_fd(struct node *node, int *ret_fd) EXCLUDES(tree_lock);

#endif
