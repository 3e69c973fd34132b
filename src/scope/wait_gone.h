/*
 * wait_gone.h - waits until tasks are gone
 *
 * A waiter is not idle: it joins the task that it waits for, and runs a child of its own that no
 * thread of the executor has taken yet (queued.h). It sleeps when neither can be done.
 */
#ifndef FORKSCOPE_SCOPE_WAIT_GONE_H
#define FORKSCOPE_SCOPE_WAIT_GONE_H

#include "src/scope/node.h"
#include "src/scope/wait.h"

/*
 * Locked on entry and return, unlocked while it waits: waits for a change of the node. Returns 0
 * when woken (perhaps without reason), -ETIMEDOUT or -ECANCELED.
 */
int scoped__wait_told(struct wait wait, struct node *node, int64_t deadline) REQUIRES(tree_lock);

/* Unlocked: waits until the node is gone. Returns 0, -ETIMEDOUT or -ECANCELED. */
int scoped__wait_gone(struct wait wait, struct node *node, int64_t deadline) EXCLUDES(tree_lock);

/*
 * Unlocked, called by the owner: waits until the node has at most `most` children. Returns 0,
 * -ETIMEDOUT or -ECANCELED.
 */
int scoped__wait_children(struct wait wait, struct node *node, unsigned most, int64_t deadline)
    EXCLUDES(tree_lock);

#endif
