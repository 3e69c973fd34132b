/*
 * spawner.h - the node that a spawner of the caller's names
 */
#ifndef FORKSCOPE_SCOPE_SPAWNER_H
#define FORKSCOPE_SCOPE_SPAWNER_H

#include "src/scope/node.h"

/*
 * Finds the node of a spawner that belongs to the calling task: the task itself, a scope that it
 * opened, or the scope whose body it is. Otherwise calls the misuse hook and returns SCOPED_ESTALE
 * (the spawner has ended), PROCSPAWN_ENOTOWNER (another process opened it) or SCOPED_ENOTOWNER.
 */
int scoped__owned(scoped_spawner spawner, struct node **ret_node);

/*
 * Finds the open node that a spawner names, to spawn on it. Returns 0 or the errors of
 * scoped_spawn.
 */
int scoped__parent(scoped_spawner spawner, struct node **ret_parent);

#endif
