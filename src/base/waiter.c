/*
 * waiter.c - parks a thread until another thread wakes it
 */
#include "src/base/waiter.h"

#include "src/base/clock.h"
#include "src/base/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct waiter *base__waiter_new(void)
{
    struct waiter *waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL)
        return NULL;
    list_init(&waiter->link);
    atomic_init(&waiter->references, 1);
    pthread_mutex_init(&waiter->mutex, NULL);
    pthread_cond_init(&waiter->condition, NULL);
    return waiter;
}

void base__waiter_free(struct waiter *waiter)
{
    if (waiter == NULL)
        return;
    base__ordered_before(&waiter->references);
    if (atomic_fetch_sub(&waiter->references, 1) > 1)
        return;
    base__ordered_after(&waiter->references);
    pthread_cond_destroy(&waiter->condition);
    pthread_mutex_destroy(&waiter->mutex);
    free(waiter);
}

static void lock(struct waiter *waiter) LOCKS(waiter_lock)
{
    pthread_mutex_lock(&waiter->mutex);
}

static void unlock(struct waiter *waiter) UNLOCKS(waiter_lock)
{
    pthread_mutex_unlock(&waiter->mutex);
}

static void wake(struct waiter *waiter)
{
    lock(waiter);
    waiter->woken = true;
    unlock(waiter);
    pthread_cond_broadcast(&waiter->condition);
    base__waiter_free(waiter);
}

void base__wake_later(struct wakeups *wakeups, struct waiter *waiter)
{
    enum { ROOM = sizeof wakeups->waiters / sizeof wakeups->waiters[0] };

    if (waiter == NULL)
        return;
    atomic_fetch_add(&waiter->references, 1);
    if (wakeups->count < ROOM)
        wakeups->waiters[wakeups->count++] = waiter;
    else
        wake(waiter);
}

struct wakeups base__wakeups_take(struct wakeups *wakeups)
{
    struct wakeups taken = *wakeups;
    wakeups->count = 0;
    return taken;
}

void base__wakeups_send(const struct wakeups *wakeups)
{
    for (unsigned i = 0; i < wakeups->count; i++)
        wake(wakeups->waiters[i]);
}

static void sleep_a_little(int64_t deadline)
{
    enum { MILLISECOND = 1000000 };

    int64_t until = base__now() + MILLISECOND;
    if (until > deadline)
        until = deadline;
    struct timespec at = { until / BASE_SECOND, until % BASE_SECOND };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* glibc before 2.41 can lose a wake-up (BZ 25847), so the flag is checked again each second. */
static void sleep_in(struct waiter *waiter, int64_t deadline) REQUIRES(waiter_lock)
{
    int64_t until = base__now() + BASE_SECOND;
    if (until > deadline)
        until = deadline;
    struct timespec at = { until / BASE_SECOND, until % BASE_SECOND };
    pthread_cond_clockwait(&waiter->condition, &waiter->mutex, CLOCK_MONOTONIC, &at);
}

int base__park(struct waiter *waiter, int64_t deadline)
{
    if (waiter == NULL) {
        sleep_a_little(deadline);
        return base__now() < deadline ? 0 : -ETIMEDOUT;
    }
    lock(waiter);
    while (!waiter->woken && base__now() < deadline)
        sleep_in(waiter, deadline);
    int error = waiter->woken ? 0 : -ETIMEDOUT;
    waiter->woken = false;
    unlock(waiter);
    return error;
}
