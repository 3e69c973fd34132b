/*
 * timer_thread.h - the thread of a tree that fires its timers and joins finished tasks: its start,
 * its end, and what it is asked for
 *
 * A tree has no timer thread until a deadline, a grace time, a shield or a done descriptor needs
 * one. The function that needs it returns the error if it cannot be started. From then on setting a
 * timer cannot fail.
 */
#ifndef FORKSCOPE_SCOPE_TIMER_THREAD_H
#define FORKSCOPE_SCOPE_TIMER_THREAD_H

#include "src/scope/node.h"

/*
 * Unlocked: starts the timer thread, unless it runs or the tree has ended. Returns 0, -EAGAIN or
 * -ENOMEM.
 */
int scoped__timer_thread_start(struct tree *tree) EXCLUDES(tree_lock);

/* Locked: the same. */
int scoped__timer_thread_start_locked(struct tree *tree) REQUIRES(tree_lock);

/* Unlocked: stops the timer thread, once no node but the root is left. */
void scoped__timer_thread_stop(struct tree *tree) EXCLUDES(tree_lock);

/*
 * Locked, with a timer thread: sets the node's timer to `at` (CLOCK_MONOTONIC, nanoseconds). Then a
 * scope is cancelled for its deadline, and a task for the end of its grace time or its shield.
 */
void scoped__timer_set(struct node *node, int64_t at) REQUIRES(tree_lock);
void scoped__timer_clear(struct node *node) REQUIRES(tree_lock);

/* Locked: the timer thread joins the node, which is done. A second call has no effect. */
void scoped__join_later(struct node *node) REQUIRES(tree_lock);

#endif
