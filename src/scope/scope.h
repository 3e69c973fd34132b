/*
 * root.h - scopes and roots that a frame has opened
 */
#ifndef FORKSCOPE_SCOPE_ROOT_H
#define FORKSCOPE_SCOPE_ROOT_H

#include "src/scope/current.h"

/* The open node that a spawner names, to be spawned on: 0, or the errors of scoped_spawn. */
int scoped__parent(scoped_spawner spawner, struct node **ret_parent);

/* The same, once the node's limit allows another child. */
int scoped__parent_with_room(scoped_spawner spawner, struct node **ret_parent);

/* Unlocked: ends the scope that the frame opened last, once all below it are gone. */
void scoped__scope_end(struct frame *frame);

#endif
