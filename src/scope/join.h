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

#include "src/scope/node.h"
#include "src/scope/wait.h"

/*
 * Locked: reserves the join of the node for the caller. scoped__join_give_back undoes it, and wakes
 * those that can join the node.
 */
void scoped__join_claim(struct node *node) REQUIRES(tree_lock);
void scoped__join_give_back(struct node *node) REQUIRES(tree_lock);

/*
 * Locked: the node has no joiner now. Wakes its waiters and its owner, one of which joins it. If it
 * has a done descriptor, the timer thread joins it.
 */
void scoped__tell_joinable(struct node *node) REQUIRES(tree_lock);

/*
 * Locked: whether the caller may join the node now. A task that is not done may take any time; a
 * caller sleeps in pthread_join for it only if nothing but pthread_cancel would cancel the caller.
 */
bool scoped__may_join(struct wait wait, const struct node *node) REQUIRES(tree_lock);

/*
 * Locked on entry and return, unlocked while it joins: joins a node that is not claimed. Returns 0
 * when the node is gone, -ETIMEDOUT, or another negative errno.
 */
int scoped__join(struct wait wait, struct node *node, int64_t deadline) REQUIRES(tree_lock);

/*
 * Locked on entry and return, unlocked while it joins: joins a node that is done and not claimed,
 * if its thread ends within 10 ms. A thread that waits in a thread-specific destructor stays
 * unjoined. Returns 0 when the node is gone.
 */
int scoped__join_finished(struct node *node) REQUIRES(tree_lock);

/* Locked: the node leaves the tree, and its waiters and its owner are woken. Also for roots. */
void scoped__set_gone(struct node *node) REQUIRES(tree_lock);

#endif
