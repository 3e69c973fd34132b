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

/* Unlocked, for who goes on to look at what the canceller did before. */
bool scoped__is_cancelled(struct node *node);

/*
 * Locked: brings a cancelled task as far as its shield, its grace and its mode allow by now: asks
 * it, or forces it, or sets a timer to come back.
 */
void scoped__cancel_press(struct node *node);

/*
 * Unlocked: from now on a cancel of the leader is one of `node`, which runs on top of it and which
 * it owns; also a cancel that came before. NULL: no more.
 */
void scoped__cancel_lead(struct node *leader, struct node *node);

/*
 * Unlocked: the descriptor that tells of cancelling, made when it is first asked for. 0 or an errno
 * of eventfd(2).
 */
int scoped__cancel_fd(struct node *node, int *ret_fd);

/* Unlocked: the same for either descriptor of a node. */
int scoped__event_fd(struct node *node, int *fd, int *ret_fd);

/* Raises an eventfd; -1 is none. */
void scoped__event_raise(int fd);

#endif
