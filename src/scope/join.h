/*
 * join.h - from done to gone
 *
 * A task with a thread of its own is gone when that thread has been joined. A waiter of the task
 * joins it: it claims the join, and the others are woken afterwards. A single waiter claims the
 * join even before the task is done and sleeps in pthread_join, which saves one wake-up. If no
 * thread waits, the next sibling that finishes joins it. So a scope whose owner is busy has at most
 * one finished thread that is not joined, besides threads that wait in thread-specific destructors;
 * those delay no other task.
 */
#ifndef FORKSCOPE_SCOPE_JOIN_H
#define FORKSCOPE_SCOPE_JOIN_H

#include "src/scope/current.h"
#include "src/scope/wait.h"

/*
 * Unlocked: phase 6, the last act of a task: counts its end in its scope and wakes its waiters.
 * `failure` (taken, may be NULL) goes to the scope.
 */
void scoped__tell_done(struct node *node, int status, struct scoped_failure *failure);

/*
 * Locked on entry and return, unlocked while it waits: waits for a change of the node. Returns 0
 * when woken (perhaps without reason), -ETIMEDOUT or -ECANCELED.
 */
int scoped__wait_told(struct wait wait, struct node *node, int64_t deadline);

/* Unlocked: waits until the node is gone. Returns 0, -ETIMEDOUT or -ECANCELED. */
int scoped__wait_gone(struct wait wait, struct node *node, int64_t deadline);

/*
 * Unlocked, called by the owner: waits until the node has at most `most` children. Returns 0,
 * -ETIMEDOUT or -ECANCELED.
 */
int scoped__wait_children(struct wait wait, struct node *node, unsigned most, int64_t deadline);

/*
 * Locked: reserves the join of the node for the caller. scoped__join_give_back undoes it, and wakes
 * those that can join the node.
 */
void scoped__join_claim(struct node *node);
void scoped__join_give_back(struct node *node);

/*
 * Locked on entry and return, unlocked while it joins: joins a node that is done and not claimed,
 * if its thread ends within 10 ms. A thread that waits in a thread-specific destructor stays
 * unjoined.
 */
void scoped__join_finished(struct node *node);

/* Locked: the node leaves the tree, and its waiters and its owner are woken. Also for roots. */
void scoped__set_gone(struct node *node);

#endif
