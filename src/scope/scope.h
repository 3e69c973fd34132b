/*
 * scope.h - scopes and roots that a task has opened
 */
#ifndef FORKSCOPE_SCOPE_SCOPE_H
#define FORKSCOPE_SCOPE_SCOPE_H

#include "src/scope/current.h"

/*
 * Finds the open node that a spawner names, to spawn on it, after waiting until the node's limit
 * allows another child. Returns 0 or the errors of scoped_spawn.
 */
int scoped__parent_with_room(scoped_spawner spawner, struct node **ret_parent);

/*
 * Opens the scope of scoped_run in the calling activation: below the task that runs there, or as a
 * root of its own. Returns 0, or the errors of scoped_run.
 */
int scoped__scope_of_run(const struct scoped_options *options, struct node **ret_scope);

/*
 * Closes a scope that the calling activation has opened, and whose tasks are gone. A scope that was
 * cancelled for another reason than its policy or its time limit has the status -ECANCELED if that
 * cut tasks short and nothing failed.
 */
void scoped__scope_forget(struct node *scope, struct scoped_outcome *ret_outcome)
    EXCLUDES(tree_lock);

/* Returns the status of an outcome. Hands the outcome out; NULL: frees it. */
int scoped__outcome_hand_out(struct scoped_outcome *outcome, struct scoped_outcome *ret_outcome);

/* Unlocked: waits until all below the scope that was opened last is gone, and closes it. */
void scoped__scope_end(struct activation *activation) EXCLUDES(tree_lock);

#endif
