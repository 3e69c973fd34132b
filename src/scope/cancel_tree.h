/*
 * cancel_tree.h - cancelling a scope with all tasks in it
 */
#ifndef FORKSCOPE_SCOPE_CANCEL_TREE_H
#define FORKSCOPE_SCOPE_CANCEL_TREE_H

#include "src/scope/node.h"

/*
 * Locked on entry and return: cancels a task, or a scope with all tasks in it. The tree is unlocked
 * at times while it cancels a scope. A second call has no effect.
 */
void scoped__cancel(struct node *node) REQUIRES(tree_lock);

/* The same, but a node that is too far for it is left alone: a task at its end, a scope gone. */
void scoped__cancel_unended(struct node *node) REQUIRES(tree_lock);

/*
 * Locked on entry and return, unlocked at times meanwhile: cancels the children of a node, not the
 * node itself.
 */
void scoped__cancel_children(struct node *node) REQUIRES(tree_lock);

#endif
