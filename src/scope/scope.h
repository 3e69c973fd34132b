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

/* Unlocked: waits until all below the scope that was opened last is gone, and closes it. */
void scoped__scope_end(struct activation *activation) EXCLUDES(tree_lock);

#endif
