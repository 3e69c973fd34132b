/*
 * dispatcher.c - the thread of a pool
 */
#include "src/pool/dispatcher.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/thread.h"
#include "src/call/collector.h"
#include "src/client/child_end.h"
#include "src/client/take.h"
#include "src/error/error.h"
#include "src/error/time_limit.h"
#include "src/pool/interest.h"
#include "src/pool/job.h"
#include "src/pool/lock.h"
#include "src/pool/receive.h"
#include "src/pool/schedule.h"
#include "src/pool/shutdown.h"
#include "src/pool/start.h"
#include "src/pool/state.h"
#include "src/pool/terminate.h"
#include "src/pool/worker.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- time ---- */

static void earliest(int64_t *when, int64_t other)
{
    if (other < *when)
        *when = other;
}

static void expire_queued(procspawn_pool *pool, int64_t now, int64_t *wake_at) REQUIRES(pool_lock)
{
    struct list *next;

    for (struct list *item = pool->queue.next; item != &pool->queue; item = next) {
        struct procspawn__pool_call *call =
            list_entry(item, struct procspawn__pool_call, in_queue);
        next = item->next;
        if (call->deadline <= now)
            procspawn__pool_cancel_call(
                call, procspawn__error_of_queue(call->limits.total, pool->backoff.shortage));
        else
            earliest(wake_at, call->deadline);
    }
}

/* A worker that was sent a signal still has limits: the grace does not extend them. */
static bool is_limited(const struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    return worker->call && !worker->killed && !worker->overdue;
}

static bool overdue(const struct procspawn__worker *worker, int64_t now) REQUIRES(pool_lock)
{
    return is_limited(worker) && procspawn__pool_call_until(worker->call) <= now;
}

/*
 * An answer that has arrived before the limit counts, so its messages are received first. That
 * releases the lock: the table may change meanwhile.
 */
static void expire_running(procspawn_pool *pool, int64_t now, int64_t *wake_at) REQUIRES(pool_lock)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        if (i < pool->worker_count && overdue(pool->workers[i], now))
            procspawn__worker_try_receive(pool->workers[i]);
    }
    for (unsigned i = 0; i < pool->worker_count; i++) {
        struct procspawn__worker *worker = pool->workers[i];
        if (overdue(worker, now))
            procspawn__worker_time_out(worker);
        else if (is_limited(worker))
            earliest(wake_at, procspawn__pool_call_until(worker->call));
    }
}

/*
 * Ends the workers that have been idle longest: they come last in the list. None while calls are
 * queued: what kept one from being sent will pass, and then it needs a worker.
 */
static void shrink(procspawn_pool *pool, int64_t now, int64_t *wake_at) REQUIRES(pool_lock)
{
    if (pool->queued > 0)
        return;
    while (pool->wanted > pool->config.minimum && !list_empty(&pool->idle)) {
        struct procspawn__worker *worker =
            list_entry(pool->idle.prev, struct procspawn__worker, in_idle);
        if (worker->idle_until > now) {
            earliest(wake_at, worker->idle_until);
            return;
        }
        __atomic_store_n(&pool->wanted, pool->wanted - 1, __ATOMIC_RELAXED);
        procspawn__worker_terminate(worker, SIGKILL, 0);
    }
}

/* ---- repetition after a shortage ---- */

static void repeat(procspawn_pool *pool, int64_t now, int64_t *wake_at) REQUIRES(pool_lock)
{
    if (pool->repeat_at <= now) {
        pool->repeat_at = BASE_NEVER;
        procspawn__pool_repeat_notices(pool);
        for (unsigned i = 0; i < pool->worker_count; i++)
            procspawn__worker_resume(pool->workers[i]);
        procspawn__pool_feed(pool);
    }
    earliest(wake_at, pool->repeat_at);
}

/* ---- ends that are not reported on the channel ---- */

/* Looks at each worker once: it moves to the end of the list, which changes meanwhile. */
static void ask_for_lost(procspawn_pool *pool) REQUIRES(pool_lock)
{
    unsigned count = 0;

    for (struct list *item = pool->lost.next; item != &pool->lost; item = item->next)
        count++;
    while (count-- > 0 && !list_empty(&pool->lost)) {
        struct procspawn__worker *worker =
            list_entry(pool->lost.next, struct procspawn__worker, in_lost);
        list_remove(&worker->in_lost);
        list_append(&pool->lost, &worker->in_lost);
        procspawn__worker_ask_end(worker);
    }
}

static void ask_for_ends(procspawn_pool *pool, int64_t now, int64_t *wake_at) REQUIRES(pool_lock)
{
    static const int64_t lost_pause = BASE_SECOND / 200, flooded_pause = BASE_SECOND / 20;

    if (pool->ask_at <= now) {
        pool->ask_at = BASE_NEVER;
        for (unsigned i = pool->worker_count; i-- > 0;) {
            if (i >= pool->worker_count || !pool->workers[i]->flooded)
                continue;
            procspawn__pool_ask_soon(pool, flooded_pause);
            procspawn__worker_ask_end(pool->workers[i]);
        }
        ask_for_lost(pool);
        if (!list_empty(&pool->lost))
            procspawn__pool_ask_soon(pool, lost_pause);
    }
    earliest(wake_at, pool->ask_at);
}

/* ---- the loop ---- */

/* Does everything that is due. Returns whether a worker is to be started now. */
static bool keep_time(procspawn_pool *pool) REQUIRES(pool_lock)
{
    int64_t now = base__now();
    int64_t wake_at = BASE_NEVER;

    /* The lock is released in between: a time set meanwhile then wakes this thread. */
    pool->wake_at = BASE_NEVER;
    ask_for_ends(pool, now, &wake_at);
    expire_running(pool, now, &wake_at);
    expire_queued(pool, now, &wake_at);
    shrink(pool, now, &wake_at);
    repeat(pool, now, &wake_at);
    int64_t start_at = procspawn__start_due(pool);
    bool missing = start_at <= now;
    earliest(&wake_at, start_at);
    pool->wake_at = wake_at;
    return missing;
}

static void on_event(procspawn_pool *pool, const struct epoll_event *event) REQUIRES(pool_lock)
{
    int rc = 0;

    if (event->data.u64 == 0) {
        base__event_clear(pool->wake);
        return;
    }
    uint64_t serial = event->data.u64;
    struct procspawn__worker *worker = procspawn__worker_find(pool, serial);
    if (!worker)
        return;
    if (event->events & EPOLLHUP)
        rc = procspawn__worker_receive(worker);
    else
        rc = procspawn__worker_try_receive(worker);
    if (rc < 0 && procspawn__worker_find(pool, serial))
        procspawn__worker_suspend(worker);
}

/* The program has closed the epoll set or the eventfd: the thread cannot wait, so the pool ends. */
static void lose_set(procspawn_pool *pool, int error)
{
    procspawn__pool_enter(pool);
    base__fd_close(pool->epoll);
    base__fd_close(pool->wake);
    pool->epoll = pool->wake = -1;
    if (pool->state != PROCSPAWN__POOL_ENDED)
        procspawn__pool_fail(pool, procspawn__error_new(PROCSPAWN_ERROR_IO, error,
                                                        "the pool's descriptors are gone: %s",
                                                        forkscope_strerror(-error)));
    procspawn__pool_end(pool);
    procspawn__pool_leave(pool);
}

static void receive_all(procspawn_pool *pool) REQUIRES(pool_lock)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        if (i < pool->worker_count)
            procspawn__worker_receive(pool->workers[i]);
    }
}

/* A channel that the program has closed leaves the epoll set without an event. */
static void look_for_closed(procspawn_pool *pool) REQUIRES(pool_lock)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        if (i < pool->worker_count && !base__fd_is_ours(pool->workers[i]->child.channel))
            procspawn__worker_receive(pool->workers[i]);
    }
}

/* Processes that a worker has left hold its channel, and nobody ends them any more. */
static void look_for_deserted(procspawn_pool *pool) REQUIRES(pool_lock)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        if (i < pool->worker_count)
            procspawn__worker_ask_end(pool->workers[i]);
    }
}

/* What no event tells is looked for once a second. */
static void look_around(procspawn_pool *pool)
{
    int64_t now = base__now();

    if (now < pool->look_at)
        return;
    pool->look_at = now + BASE_SECOND;
    bool deserted = procspawn__client_is_deserted();
    procspawn__pool_enter(pool);
    look_for_closed(pool);
    if (deserted)
        look_for_deserted(pool);
    procspawn__pool_leave(pool);
}

/*
 * Waits for events and handles them. A program that closes all descriptors does not wake a thread
 * that sleeps on one of them. So each wait is limited, and the descriptors are checked before it.
 */
static void take_in(procspawn_pool *pool, int timeout)
{
    enum { BATCH = 32, PAUSE = 10, LONGEST = 1000 };
    struct epoll_event events[BATCH];

    if (pool->epoll >= 0 && !(base__fd_is_ours(pool->epoll) && base__fd_is_ours(pool->wake)))
        lose_set(pool, EBADF);
    if (timeout < 0 || timeout > LONGEST)
        timeout = LONGEST;
    int count = pool->epoll < 0 ? poll(NULL, 0, PAUSE)
                                : epoll_wait(pool->epoll, events, BATCH, timeout);

    if (count < 0 && errno != EINTR)
        lose_set(pool, errno);
    procspawn__pool_enter(pool);
    for (int i = 0; i < count; i++)
        on_event(pool, &events[i]);
    if (pool->epoll < 0)
        receive_all(pool);
    procspawn__pool_leave(pool);
    look_around(pool);
}

static bool finished(const procspawn_pool *pool) REQUIRES(pool_lock)
{
    return pool->state == PROCSPAWN__POOL_ENDED && procspawn__pool_has_no_workers(pool, 0);
}

/* The calls that wait for it are tried again ten milliseconds later, with others. */
static const int64_t collector_patience = BASE_SECOND / 10;

/* One round: does what is due, advances the start of a missing worker, handles events. */
static bool turn(procspawn_pool *pool)
{
    procspawn__pool_enter(pool);
    bool missing = keep_time(pool);
    bool done = finished(pool);
    int timeout = base__poll_timeout(pool->wake_at);
    bool collector = pool->needs_collector;
    pool->needs_collector = false;
    procspawn__pool_leave(pool);
    if (done)
        return false;
    if (collector)
        procspawn__collector_start(base__deadline(collector_patience));
    if (missing)
        procspawn__start_worker(pool);
    else
        procspawn__client_cancel_request(&pool->child_request);
    take_in(pool, timeout);
    return true;
}

static void *dispatch(void *data)
{
    prctl(PR_SET_NAME, "forkscope-pool");
    while (turn(data))
        continue;
    procspawn__client_cancel_request(&((procspawn_pool *)data)->child_request);
    return NULL;
}

int procspawn__dispatch_start(procspawn_pool *pool)
{
    return base__thread_start(&pool->dispatcher, NULL, dispatch, pool);
}

int procspawn__dispatch_join(procspawn_pool *pool, int64_t deadline)
{
    return base__join(pool->dispatcher, deadline);
}
