/*
 * wait.c - waits until a pool is idle, or until its workers are gone
 *
 * Each waiter sleeps on an eventfd of its own, so no waiter consumes the wake-up of another, and
 * the wait is a cancellation point like the other waits of this library.
 */
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/thread.h"
#include "src/pool/pool.h"
#include "src/scope/wait_points.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/scope.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

struct waiter {
    struct list in_pool;
    procspawn_pool *pool;
    int event;
    bool own;                   /* the waiter closes the eventfd */
    uint64_t epoch;             /* the pool's idle_epoch when the wait began */
    bool (*reached)(const procspawn_pool *, uint64_t);
};

void procspawn__pool_changed(procspawn_pool *pool)
{
    base__event_raise(pool->end_event);
    for (struct list *item = pool->waiters.next; item != &pool->waiters; item = item->next)
        base__event_raise(list_entry(item, struct waiter, in_pool)->event);
}

bool procspawn__pool_is_idle(const procspawn_pool *pool)
{
    return __atomic_load_n(&pool->calls, __ATOMIC_ACQUIRE) == 0;
}

void procspawn__pool_became_idle(procspawn_pool *pool)
{
    pool->idle_epoch++;
    if (!list_empty(&pool->waiters))
        procspawn__pool_changed(pool);
}

bool procspawn__pool_idle_since(const procspawn_pool *pool, uint64_t epoch)
{
    return procspawn__pool_is_idle(pool) || pool->idle_epoch != epoch;
}

bool procspawn__pool_emptied(const procspawn_pool *pool, uint64_t unused)
{
    (void)unused;
    return pool->worker_count == 0 && list_empty(&pool->lost);
}

static void leave(struct waiter *waiter)
{
    procspawn__pool_enter(waiter->pool);
    list_remove(&waiter->in_pool);
    procspawn__pool_unlock(waiter->pool);
    if (waiter->own)
        base__fd_close(waiter->event);
}

static void unwound_in_wait(void *waiter)
{
    int cancel;

    base__stack_unwound();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    leave(waiter);
    pthread_setcancelstate(cancel, NULL);
}

/* While a thread waits for the pool, the dispatcher listens to all workers that run a call. */
static void enter(struct waiter *waiter)
{
    procspawn_pool *pool = waiter->pool;

    procspawn__pool_enter(pool);
    list_append(&pool->waiters, &waiter->in_pool);
    for (unsigned i = 0; i < pool->worker_count; i++)
        procspawn__worker_attend(pool->workers[i]);
    procspawn__pool_leave(pool);
}

static bool ask(const struct waiter *waiter)
{
    base__event_clear(waiter->event);
    procspawn__pool_enter(waiter->pool);
    bool answer = waiter->reached(waiter->pool, waiter->epoch);
    procspawn__pool_leave(waiter->pool);
    return answer;
}

static int ask_and_sleep(const struct waiter *waiter, int64_t deadline, int cancel)
{
    bool done;
    int rc = 0;

    while (!(done = ask(waiter)) && rc == 0) {
        pthread_setcancelstate(cancel, NULL);
        rc = base__now() < deadline ? scoped__wait_event(waiter->event, deadline) : -ETIMEDOUT;
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    }
    return done ? 0 : rc;
}

static int sleep_until_reached(struct waiter *waiter, int64_t deadline, int cancel)
{
    int rc;

    enter(waiter);
    pthread_cleanup_push(unwound_in_wait, waiter);
    rc = ask_and_sleep(waiter, deadline, cancel);
    pthread_cleanup_pop(0);
    leave(waiter);
    return rc;
}

/* The deadline has passed: checks for cancellation only. */
static int do_not_wait(int cancel)
{
    pthread_setcancelstate(cancel, NULL);
    pthread_testcancel();
    int rc = scoped_checkpoint();
    return rc < 0 ? rc : -ETIMEDOUT;
}

/* The eventfd is made only if the thread has to sleep. */
static int wait_on(struct waiter *waiter, int64_t deadline, int cancel)
{
    if (deadline <= base__now())
        return do_not_wait(cancel);
    waiter->own = waiter->event < 0;
    if (waiter->own)
        waiter->event = base__event();
    return waiter->event < 0 ? waiter->event : sleep_until_reached(waiter, deadline, cancel);
}

/* Answers that have arrived are handled before the condition is checked. */
static bool look_first(struct waiter *waiter)
{
    procspawn_pool *pool = waiter->pool;

    procspawn__pool_enter(pool);
    waiter->epoch = pool->idle_epoch;
    procspawn__pool_look(pool);
    bool answer = waiter->reached(pool, waiter->epoch);
    procspawn__pool_leave(pool);
    return answer;
}

int procspawn__pool_wait(procspawn_pool *pool, int event, int64_t deadline,
                         bool (*reached)(const procspawn_pool *, uint64_t))
{
    struct waiter waiter = { .pool = pool, .event = event, .reached = reached };
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = look_first(&waiter) ? 0 : wait_on(&waiter, deadline, cancel);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

/* ---- public functions ---- */

int procspawn_pool_join_timeout(procspawn_pool *pool, int64_t timeout)
{
    if (!procspawn__pool_is_ours(pool))
        return PROCSPAWN_ENOTOWNER;
    if (procspawn__pool_is_idle(pool))
        return 0;
    return procspawn__pool_wait(pool, -1, base__deadline(timeout), procspawn__pool_idle_since);
}

int procspawn_pool_join(procspawn_pool *pool)
{
    return procspawn_pool_join_timeout(pool, -1);
}

int procspawn__pool_shut_down(procspawn_pool *pool, int event, int64_t deadline)
{
    procspawn__pool_enter(pool);
    if (pool->state == PROCSPAWN__POOL_OPEN)
        pool->state = PROCSPAWN__POOL_CLOSING;
    procspawn__pool_leave(pool);
    int rc = procspawn__pool_wait(pool, event, deadline, procspawn__pool_idle_since);
    if (rc < 0)
        return rc;
    procspawn_pool_kill(pool);
    return procspawn__pool_wait(pool, event, deadline, procspawn__pool_emptied);
}

int procspawn_pool_shutdown_timeout(procspawn_pool *pool, int64_t timeout)
{
    if (!procspawn__pool_is_ours(pool))
        return PROCSPAWN_ENOTOWNER;
    return procspawn__pool_shut_down(pool, -1, base__deadline(timeout));
}

int procspawn_pool_shutdown(procspawn_pool *pool)
{
    return procspawn_pool_shutdown_timeout(pool, -1);
}
