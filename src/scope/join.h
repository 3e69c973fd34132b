/*
 * join.h - from done to gone
 *
 * A task whose thread is ours to join is gone when somebody has joined it. Whoever waits for it
 * does so: it claims the join, alone, and tells the others afterwards. A lone waiter claims it even
 * before the task is done and sleeps in pthread_join, which saves a wake-up. Where nobody waits,
 * the next sibling that finishes joins the one before, so that at most one finished thread is left
 * in a scope whose owner is busy with something else (and those whose thread-specific destructors
 * wait: they hold up no other task).
 */
#ifndef FORKSCOPE_SCOPE_JOIN_H
#define FORKSCOPE_SCOPE_JOIN_H

#include "src/scope/current.h"
#include "src/scope/wait.h"

/* Unlocked: phase 6, the last that a task does. `failure` (taken) is for its scope; may be NULL. */
void scoped__tell_done(struct node *node, int status, struct scoped_failure *failure);

/* Locked, but not while it waits: waits to be told something about a node; the same. */
int scoped__wait_told(struct wait wait, struct node *node, int64_t deadline);

/* Unlocked: waits until a node is gone: 0, -ETIMEDOUT, -ECANCELED. */
int scoped__wait_gone(struct wait wait, struct node *node, int64_t deadline);

/*
 * Unlocked, by the owner: waits until a node has `most` children or fewer: 0, -ETIMEDOUT,
 * -ECANCELED.
 */
int scoped__wait_children(struct wait wait, struct node *node, unsigned most, int64_t deadline);

/* Locked: nobody else joins it from now on; until somebody else has to. */
void scoped__join_claim(struct node *node);
void scoped__join_give_back(struct node *node);

/*
 * Locked, but not while it joins: joins a node that is done, if nobody else does and if its thread
 * ends within moments. It does not when thread-specific destructors of the user's wait.
 */
void scoped__join_finished(struct node *node);

/* Locked: out of the tree; everybody is told. Roots too. */
void scoped__set_gone(struct node *node);

#endif
