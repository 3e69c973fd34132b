/*
 * keeper.h - the thread of a tree that acts at points in time and joins what nobody waits for
 *
 * A tree has none until a deadline, a grace time, a shield or a done descriptor asks for it;
 * whoever asks gets the error if there is no thread. From then on setting a timer cannot fail.
 */
#ifndef FORKSCOPE_SCOPE_KEEPER_H
#define FORKSCOPE_SCOPE_KEEPER_H

#include "src/scope/node.h"

/*
 * Unlocked: makes sure that the tree has a keeper, if it has not ended. 0, -EAGAIN or -ENOMEM.
 */
int scoped__keeper_start(struct tree *tree);

/* Locked: the same. */
int scoped__keeper_start_locked(struct tree *tree);

/* Unlocked, with no node but the root left. */
void scoped__keeper_stop(struct tree *tree);

/*
 * Locked, when there is a keeper: at that time, a scope is cancelled for its deadline, and a task
 * is cancelled for its grace or its shield being over.
 */
void scoped__keeper_set_timer(struct node *node, int64_t at);

/* Locked: a node that is done, to be joined. Again is the same as once. */
void scoped__keeper_hand_over(struct node *node);

#endif
