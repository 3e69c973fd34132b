/*
 * waiter.h - parks one thread until one event
 *
 * Each waiter has a mutex and a condition variable of its own. So a wake-up has one possible
 * receiver and can come from several trees: from the tree of the awaited node, and from the waiting
 * task's own tree when it is cancelled. `woken` is the predicate, set under the mutex.
 *
 * Wake-ups are queued while the caller's lock is held and sent after it. The broadcast follows
 * the unlocking of the waiter's mutex, because a woken thread often preempts its waker at once and
 * would block again on each lock that is still held (measured on one CPU: five context switches
 * instead of two for a task on a parked thread). The wake-up that glibc can lose (BZ 25847, the
 * usual reason to broadcast under the mutex) needs a second waiter; checking again each second
 * bounds the loss. A wake-up may arrive after its receiver has returned, so waiters are
 * reference-counted.
 */
#ifndef FORKSCOPE_BASE_WAITER_H
#define FORKSCOPE_BASE_WAITER_H

#include "src/base/guarded.h"
#include "src/base/list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

extern struct base__lock waiter_lock;

struct waiter {
    struct list link;           /* in the list of waiters of one node */
    atomic_uint references;
    bool woken GUARDED_BY(waiter_lock);         /* guarded by the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t condition;
};

/* Wake-ups to send after unlocking. All zero: none. */
struct wakeups {
    unsigned count;
    struct waiter *waiters[4];
};

/* Returns a new waiter, or NULL without memory. */
struct waiter *base__waiter_new(void);

/* Drops a reference; NULL is ignored. */
void base__waiter_free(struct waiter *waiter);

/*
 * Locked: queues a wake-up and takes a reference. If the queue is full the wake-up is sent at
 * once. A NULL waiter is ignored.
 */
void base__wake_later(struct wakeups *wakeups, struct waiter *waiter);

/* Locked: takes the queued wake-ups. Unlocked: sends them. */
struct wakeups base__wakeups_take(struct wakeups *wakeups);
void base__wakeups_send(const struct wakeups *wakeups);

/*
 * Waits to be woken. Returns 0, possibly without a wake-up, or -ETIMEDOUT at the deadline.
 * Cancellation must be off. The waiter can be used again afterwards. Without a waiter (NULL)
 * nothing can wake the thread: it sleeps for at most a millisecond.
 */
int base__park(struct waiter *waiter, int64_t deadline);

#endif
