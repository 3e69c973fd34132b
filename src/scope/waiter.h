/*
 * waiter.h - one thread that waits for one thing to be told
 *
 * A waiter lies on the waiting thread's stack and has a mutex and a condition variable of its own,
 * so a wake-up has one possible receiver and can come from several trees: from the one that is
 * waited for, and from the waiting task's own when it is cancelled. The flag is the predicate, set
 * under the mutex that the broadcast is made under. Its mutex is the innermost lock of all.
 *
 * Whoever wakes a waiter found it through a tree, under that tree's mutex; the waiting thread takes
 * itself out under the same mutex before the waiter's memory ends.
 */
#ifndef FORKSCOPE_SCOPE_WAITER_H
#define FORKSCOPE_SCOPE_WAITER_H

#include "src/base/list.h"

#include <pthread.h>
#include <stdint.h>

struct waiter {
    struct list link;           /* among those who wait for the same node */
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool woken;
};

#define WAITER_INIT(name) \
    { .link = { &(name).link, &(name).link }, .mutex = PTHREAD_MUTEX_INITIALIZER, \
      .condition = PTHREAD_COND_INITIALIZER }

void scoped__waiter_fini(struct waiter *waiter);

void scoped__wake(struct waiter *waiter);
void scoped__wake_all(struct list *waiters);

/* Waits to be woken: 0, or -ETIMEDOUT. Cancellation must be off. Ready to wait again afterwards. */
int scoped__park(struct waiter *waiter, int64_t deadline);

#endif
