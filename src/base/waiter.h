/*
 * waiter.h - one thread that waits for one thing to be told
 *
 * A waiter has a mutex and a condition variable of its own, so a wake-up has one possible receiver
 * and can come from several trees: from the one that is waited for, and from the waiting task's own
 * when it is cancelled. The flag is the predicate and is set under the mutex.
 *
 * Wake-ups are queued while a tree is locked and sent when it is unlocked, and the broadcast
 * follows the unlocking of the waiter's mutex: whoever is woken often runs at once in the place of
 * who woke it, and would have to give way again for every lock still held (measured on one CPU:
 * five switches instead of two for a task on a parked thread). glibc's lost wake-up (BZ 25847, why
 * broadcasts are usually made under the mutex) needs a second waiter, and is bounded by looking
 * again each second. That a wake-up may come late, when its receiver has left, is why waiters are
 * counted references.
 */
#ifndef FORKSCOPE_SCOPE_WAITER_H
#define FORKSCOPE_SCOPE_WAITER_H

#include "src/base/list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct waiter {
    struct list link;           /* among those who wait for the same node */
    atomic_uint references;
    bool woken;                 /* guarded by the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t condition;
};

/* Wake-ups to send after unlocking. All zero: none. */
struct wakeups {
    unsigned count;
    struct waiter *waiters[4];
};

/* NULL: out of memory. */
struct waiter *scoped__waiter_new(void);

/* NULL is fine. */
void scoped__waiter_free(struct waiter *waiter);

/* Locked: queues a wake-up; those that find no room are sent at once. NULL is nobody. */
void scoped__wake_later(struct wakeups *wakeups, struct waiter *waiter);

/* Locked: takes what is queued. Unlocked: sends it. */
struct wakeups scoped__wakeups_take(struct wakeups *wakeups);
void scoped__wakeups_send(const struct wakeups *wakeups);

/*
 * Waits to be woken: 0, or -ETIMEDOUT. May return 0 without reason. Cancellation must be off. Ready
 * to wait again afterwards. Without a waiter (NULL) it sleeps for a millisecond, since nobody can
 * wake it, and is a success.
 */
int scoped__park(struct waiter *waiter, int64_t deadline);

#endif
