/*
 * state.c - what a pool is: its lock, its counts, and what its dispatcher is to do
 */
#include "src/pool/state.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/guarded.h"
#include "src/base/list.h"
#include "src/base/witness.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

procspawn_pool *procspawn__pool_new(const struct procspawn__pool_config *config)
{
    procspawn_pool *pool = malloc(sizeof *pool);
    struct procspawn__worker **workers = calloc(config->maximum, sizeof *workers);

    if (!pool || !workers) {
        free(workers);
        free(pool);
        return NULL;
    }
    *pool = (procspawn_pool){
        .references = 1,
        .config = *config,
        .workers = workers,
        .wanted = config->minimum,
        .epoll = -1,
        .wake = -1,
        .end_event = -1,
        .room_fd = -1,
        .shows_room = true,
        .wake_at = BASE_NEVER,
        .repeat_at = BASE_NEVER,
        .ask_at = BASE_NEVER,
    };
    pthread_mutex_init(&pool->lock, NULL);
    list_init(&pool->waiters);
    list_init(&pool->queue);
    list_init(&pool->lost);
    list_init(&pool->idle);
    list_init(&pool->notices);
    list_init(&pool->later_notices);
    return pool;
}

bool procspawn__pool_is_ours(const procspawn_pool *pool)
{
    return pool && base__witness_here(pool->witness);
}

int procspawn__pool_check(const procspawn_pool *pool)
{
    if (!pool)
        return -EINVAL;
    return procspawn__pool_is_ours(pool) ? 0 : PROCSPAWN_ENOTOWNER;
}

/* ---- the lock ---- */

void procspawn__pool_enter(procspawn_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
}

void procspawn__pool_unlock(procspawn_pool *pool)
{
    pthread_mutex_unlock(&pool->lock);
}

/* The functions may close descriptors, and close(2) is a cancellation point. */
void procspawn__dispose_all(struct procspawn__remains *remains)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    while (remains) {
        struct procspawn__remains *next = remains->next;
        remains->dispose(remains);
        remains = next;
    }
    pthread_setcancelstate(cancel, NULL);
}

void procspawn__pool_dispose(procspawn_pool *pool, struct procspawn__remains *remains,
                             void (*dispose)(struct procspawn__remains *remains))
{
    remains->dispose = dispose;
    remains->next = pool->remains;
    pool->remains = remains;
}

/* ---- its state ---- */

void procspawn__pool_step(procspawn_pool *pool, enum procspawn__pool_event event)
{
    static const enum procspawn__pool_state next[PROCSPAWN__POOL_STATES]
                                                [PROCSPAWN__POOL_EVENTS] = {
        [PROCSPAWN__POOL_OPEN] = {
            [PROCSPAWN__POOL_SHUT_DOWN] = PROCSPAWN__POOL_CLOSING,
            [PROCSPAWN__POOL_END] = PROCSPAWN__POOL_ENDED,
        },
        [PROCSPAWN__POOL_CLOSING] = {
            [PROCSPAWN__POOL_SHUT_DOWN] = PROCSPAWN__POOL_CLOSING,
            [PROCSPAWN__POOL_END] = PROCSPAWN__POOL_ENDED,
        },
        [PROCSPAWN__POOL_ENDED] = {
            [PROCSPAWN__POOL_SHUT_DOWN] = PROCSPAWN__POOL_ENDED,
            [PROCSPAWN__POOL_END] = PROCSPAWN__POOL_ENDED,
        },
    };

    pool->state = next[pool->state][event];
    procspawn__pool_show_room(pool);
}

/* ---- what the dispatcher is to do ---- */

void procspawn__pool_wake(procspawn_pool *pool)
{
    base__event_raise(pool->wake);
}

void procspawn__pool_wake_by(procspawn_pool *pool, int64_t when)
{
    if (when < pool->wake_at)
        procspawn__pool_wake(pool);
}

void procspawn__pool_repeat_soon(procspawn_pool *pool)
{
    static const int64_t pause = BASE_SECOND / 100;

    if (pool->repeat_at != BASE_NEVER)
        return;
    pool->repeat_at = base__deadline(pause);
    procspawn__pool_wake_by(pool, pool->repeat_at);
}

void procspawn__pool_ask_soon(procspawn_pool *pool, int64_t pause)
{
    int64_t when = base__deadline(pause);

    if (pool->ask_at <= when)
        return;
    pool->ask_at = when;
    procspawn__pool_wake_by(pool, when);
}

/* ---- who waits for it ---- */

void procspawn__pool_notify(procspawn_pool *pool)
{
    base__event_raise(pool->end_event);
    for (struct list *item = pool->waiters.next; item != &pool->waiters; item = item->next)
        base__event_raise(list_entry(item, struct procspawn__pool_waiter, in_pool)->event);
}

bool procspawn__pool_is_idle(const procspawn_pool *pool)
{
    return __atomic_load_n(&pool->calls, __ATOMIC_ACQUIRE) == 0;
}

void procspawn__pool_notify_idle(procspawn_pool *pool)
{
    pool->idle_epoch++;
    if (!list_empty(&pool->waiters))
        procspawn__pool_notify(pool);
}

bool procspawn__pool_idle_since(const procspawn_pool *pool, uint64_t epoch)
{
    return procspawn__pool_is_idle(pool) || pool->idle_epoch != epoch;
}

bool procspawn__pool_has_no_workers(const procspawn_pool *pool, uint64_t unused)
{
    (void)unused;
    return pool->worker_count == 0 && list_empty(&pool->lost);
}

bool procspawn__pool_has_room(const procspawn_pool *pool, uint64_t unused)
{
    (void)unused;
    return pool->state != PROCSPAWN__POOL_OPEN || pool->config.queue_limit == 0 ||
           pool->queued < pool->config.queue_limit;
}

void procspawn__pool_show_room(procspawn_pool *pool)
{
    bool has_room = procspawn__pool_has_room(pool, 0);

    if (pool->shows_room == has_room)
        return;
    pool->shows_room = has_room;
    if (!has_room) {
        base__event_clear(pool->room_fd);
        return;
    }
    base__event_raise(pool->room_fd);
    if (!list_empty(&pool->waiters))
        procspawn__pool_notify(pool);
}
