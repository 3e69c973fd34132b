#include "src/scope/waiter.h"

#include "src/base/clock.h"

#include <errno.h>
#include <time.h>

void scoped__waiter_fini(struct waiter *waiter)
{
    pthread_cond_destroy(&waiter->condition);
    pthread_mutex_destroy(&waiter->mutex);
}

void scoped__wake(struct waiter *waiter)
{
    pthread_mutex_lock(&waiter->mutex);
    waiter->woken = true;
    pthread_cond_broadcast(&waiter->condition);
    pthread_mutex_unlock(&waiter->mutex);
}

void scoped__wake_all(struct list *waiters)
{
    for (struct list *item = waiters->next; item != waiters; item = item->next)
        scoped__wake(list_entry(item, struct waiter, link));
}

int scoped__park(struct waiter *waiter, int64_t deadline)
{
    int error = 0;
    pthread_mutex_lock(&waiter->mutex);
    while (!waiter->woken && base__now() < deadline) {
        /* glibc before 2.41 can lose a wake-up (BZ 25847): look again once a second. */
        int64_t until = base__now() + BASE_SECOND;
        if (until > deadline)
            until = deadline;
        struct timespec at = { until / BASE_SECOND, until % BASE_SECOND };
        pthread_cond_clockwait(&waiter->condition, &waiter->mutex, CLOCK_MONOTONIC, &at);
    }
    if (!waiter->woken)
        error = -ETIMEDOUT;
    waiter->woken = false;
    pthread_mutex_unlock(&waiter->mutex);
    return error;
}
