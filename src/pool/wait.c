/*
 * wait.c - waiting for a pool as a whole
 *
 * Each waiter sleeps on an eventfd of its own, so no waiter consumes the wake-up of another, and
 * the wait is a cancellation point like the other waits of this library.
 */
#include "src/pool/wait.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/thread.h"
#include "src/pool/interest.h"
#include "src/pool/lock.h"
#include "src/pool/receive.h"
#include "src/pool/state.h"
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
    struct procspawn__pool_waiter entry;
    procspawn_pool *pool;
    bool own;                   /* the waiter closes the eventfd */
    uint64_t epoch;             /* the pool's idle_epoch when the wait began */
    bool (*reached)(const procspawn_pool *, uint64_t);
};

static void leave(struct waiter *waiter)
{
    procspawn__pool_enter(waiter->pool);
    list_remove(&waiter->entry.in_pool);
    procspawn__pool_unlock(waiter->pool);
    if (waiter->own)
        base__fd_close(waiter->entry.event);
}

static void unwound_in_wait(void *waiter)
{
    int cancel;

    base__stack_unwound();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    leave(waiter);
    pthread_setcancelstate(cancel, NULL);
}

/* While a thread waits for the pool, the dispatcher polls all workers that run a call. */
static void enter(struct waiter *waiter)
{
    procspawn_pool *pool = waiter->pool;

    procspawn__pool_enter(pool);
    list_append(&pool->waiters, &waiter->entry.in_pool);
    procspawn__pool_update_interest(pool);
    procspawn__pool_leave(pool);
}

static bool ask(const struct waiter *waiter)
{
    base__event_clear(waiter->entry.event);
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
        rc = base__now() < deadline ? scoped__wait_event(waiter->entry.event, deadline)
                                    : -ETIMEDOUT;
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
    waiter->own = waiter->entry.event < 0;
    if (waiter->own)
        waiter->entry.event = base__event();
    if (waiter->entry.event < 0)
        return waiter->entry.event;
    return sleep_until_reached(waiter, deadline, cancel);
}

/* Answers that have arrived are handled before the condition is checked. */
static bool look_first(struct waiter *waiter)
{
    procspawn_pool *pool = waiter->pool;

    procspawn__pool_enter(pool);
    waiter->epoch = pool->idle_epoch;
    procspawn__pool_receive(pool);
    bool answer = waiter->reached(pool, waiter->epoch);
    procspawn__pool_leave(pool);
    return answer;
}

int procspawn__pool_wait(procspawn_pool *pool, int event, int64_t deadline,
                         bool (*reached)(const procspawn_pool *, uint64_t))
{
    struct waiter waiter = { .entry.event = event, .pool = pool, .reached = reached };
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = look_first(&waiter) ? 0 : wait_on(&waiter, deadline, cancel);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

/* ---- public functions ---- */

int procspawn_pool_join_timeout(procspawn_pool *pool, int64_t timeout)
{
    int rc = procspawn__pool_check(pool);
    if (rc < 0)
        return rc;
    if (procspawn__pool_is_idle(pool))
        return 0;
    return procspawn__pool_wait(pool, -1, base__deadline(timeout), procspawn__pool_idle_since);
}

int procspawn_pool_join(procspawn_pool *pool)
{
    return procspawn_pool_join_timeout(pool, -1);
}

/* ---- room in the queue ---- */

static int why_closed(procspawn_pool *pool)
{
    int cancel, rc = 0;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(pool);
    if (pool->state != PROCSPAWN__POOL_OPEN)
        rc = pool->failed ? PROCSPAWN_EPOOL : PROCSPAWN_ESHUTDOWN;
    procspawn__pool_leave(pool);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_pool_wait_room_timeout(procspawn_pool *pool, int64_t timeout)
{
    int rc = procspawn__pool_check(pool);
    if (rc == 0)
        rc = procspawn__pool_wait(pool, -1, base__deadline(timeout), procspawn__pool_has_room);
    return rc < 0 ? rc : why_closed(pool);
}

int procspawn_pool_wait_room(procspawn_pool *pool)
{
    return procspawn_pool_wait_room_timeout(pool, -1);
}

static int room_fd(procspawn_pool *pool) REQUIRES(pool_lock)
{
    if (base__fd_is_ours(pool->room_fd))
        return pool->room_fd;
    int fd = base__event_reopen(&pool->room_fd);
    if (pool->shows_room)
        base__event_raise(pool->room_fd);
    return fd;
}

int procspawn_pool_room_fd(procspawn_pool *pool, int *ret_fd)
{
    int cancel;

    int rc = procspawn__pool_check(pool);
    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(pool);
    int fd = room_fd(pool);
    procspawn__pool_leave(pool);
    pthread_setcancelstate(cancel, NULL);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}
