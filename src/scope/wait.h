/*
 * wait.h - waits of the library, as cancellation points of tasks
 *
 * Every wait of the library switches cancellation off, sleeps so that a cancel of its task wakes
 * it, and then ends the task itself if it was cancelled by force. No wait depends on
 * pthread_cancel, which can lose what a cancelled system call had done. A thread outside of tasks
 * is not cancelled in a wait.
 */
#ifndef FORKSCOPE_SCOPE_WAIT_H
#define FORKSCOPE_SCOPE_WAIT_H

#include "src/scope/tree_lock.h"
#include <stdbool.h>
#include <stdint.h>

struct node;
struct waiter;

struct wait {
    struct node *task;      /* the task that may be cancelled here; NULL: none */
    bool was_on;            /* whether cancellation was on before */
};

/* For waits in a task's last phases, where cancellation is off. */
#define SCOPED_UNCANCELLED ((struct wait){ NULL, false })

/*
 * Begins a wait: cancellation is off until scoped__wait_end. If the task has been cancelled by
 * force, the call does not return, unless the thread is being unwound already: waits in clean-up
 * handlers are not cut short.
 */
struct wait scoped__wait_begin(void);

/* Begins a wait that is not a cancellation point. */
struct wait scoped__wait_begin_uncancelled(void);

/*
 * Surround a call of a user function that must return, since an operation of the library is half
 * done: cancellation is off, and no wait in the function is cut short. The result names the task
 * that could be cancelled here otherwise.
 */
struct wait scoped__uncancelled_begin(void);
void scoped__uncancelled_end(struct wait section);

/* Returns whether the wait's task has been cancelled, so that the wait has to end. */
bool scoped__wait_cancelled(struct wait wait);

/*
 * Ends a wait and returns `error`. If `error` is -ECANCELED and the task has been cancelled by
 * force, the call does not return.
 */
int scoped__wait_end(struct wait wait, int error);

/*
 * Unlocked: sleeps in a waiter. Returns 0 when woken (perhaps without reason), -ETIMEDOUT or
 * -ECANCELED.
 */
int scoped__wait_parked(struct wait wait, struct waiter *waiter, int64_t deadline)
    EXCLUDES(tree_lock);

#endif
