/*
 * cancel.h - asking tasks to end, and making them
 */
#ifndef FORKSCOPE_SCOPE_CANCEL_H
#define FORKSCOPE_SCOPE_CANCEL_H

#include "src/scope/node.h"

/* Locked: cancels a task, or all tasks of a scope. Again is the same as once. */
void scoped__cancel(struct node *node);

/* Locked: cancels the children of a node, not the node itself. */
void scoped__cancel_children(struct node *node);

/*
 * Unlocked: the descriptor that tells of cancelling, made when it is first asked for. 0 or an errno
 * of eventfd.
 */
int scoped__cancel_fd(struct node *node, int *ret_fd);

#endif
