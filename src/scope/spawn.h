/*
 * spawn.h - the task that scoped_run starts
 */
#ifndef FORKSCOPE_SCOPE_SPAWN_H
#define FORKSCOPE_SCOPE_SPAWN_H

#include "src/scope/node.h"

/*
 * Unlocked: starts `function` as the body of a scope that the caller has opened: it does not wait
 * for room, and the scope's spawner is the one that it gets. Returns 0 and a node with a reference
 * for the caller, or -ENOMEM, or the executor's error.
 */
int scoped__spawn_body(struct node *scope, scoped_task_function *function, void *arg,
                       struct node **ret_body) EXCLUDES(tree_lock);

#endif
