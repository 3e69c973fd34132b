/*
 * pool_dispatch.c - the thread of a pool: it starts workers, keeps the time, and looks after the
 * calls that nobody waits for
 */
#include "src/proc/pool.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- starting ---- */

static bool takes_calls(const procspawn_pool *pool)
{
    return pool->state == PROCSPAWN__POOL_OPEN || pool->state == PROCSPAWN__POOL_CLOSING;
}

static bool worker_missing(const procspawn_pool *pool)
{
    return takes_calls(pool) && pool->worker_count < pool->wanted;
}

static void fail_pool(procspawn_pool *pool)
{
    pool->state = PROCSPAWN__POOL_ENDED;
    pool->failed = true;
    while (!list_empty(&pool->queue))
        procspawn__pool_expel(list_entry(pool->queue.next, struct procspawn__pool_call, in_queue),
                              procspawn__error_copy(pool->cause));
    procspawn__pool_changed(pool);
}

/* What fails at the same moment counts once: many workers may fall to one blow. */
static void count_failure(procspawn_pool *pool, procspawn_error *error, int64_t now)
{
    static const int64_t first_pause = BASE_SECOND / 100, quiet = 10 * BASE_SECOND;

    if (pool->retry_at > now) {
        procspawn_error_free(error);
        return;
    }
    if (now - pool->retry_at > quiet)
        pool->failures = 0;
    pool->retry_at = now + (pool->failures < 7 ? first_pause << pool->failures : BASE_SECOND);
    pool->failures++;
    procspawn_error_free(pool->cause);
    pool->cause = error;
}

void procspawn__start_failed(procspawn_pool *pool, procspawn_error *error, bool final)
{
    if (!takes_calls(pool)) {
        procspawn_error_free(error);
        return;
    }
    count_failure(pool, error, base__now());
    if (pool->worker_count == 0 && (final || pool->failures >= pool->plan.attempts))
        fail_pool(pool);
}

/* After a burst the servers keep so many more than configured, for a while. */
static bool may_all_have_waited(unsigned count)
{
    enum { SURPLUS = 32 };
    return count <= procspawn__image.options.spares + SURPLUS;
}

/* Those that wait ahead of need may all have fallen to one blow, which says nothing of others. */
void procspawn__start_unread(procspawn_pool *pool, procspawn_error *error)
{
    pool->unread++;
    if (may_all_have_waited(pool->unread))
        procspawn_error_free(error);
    else
        procspawn__start_failed(pool, error, false);
}

static int send_prepare(const procspawn_pool *pool, int channel)
{
    struct procspawn__draft draft;

    procspawn__draft_init(&draft);
    draft.call.flags = WIRE_CALL_STAY | WIRE_CALL_PREPARE;
    int rc = procspawn__context_describe(&draft, pool->process);
    if (rc == 0)
        rc = procspawn__streams_open(&draft, pool->process);
    if (rc == 0)
        rc = procspawn__draft_seal(&draft);
    if (rc == 0)
        rc = procspawn__draft_send(&draft, channel);
    procspawn__draft_fini(&draft);
    return rc;
}

/* 1: not yet; -EPIPE: it was dead. */
static int take_worker(procspawn_pool *pool, struct procspawn__taken *ret_taken)
{
    int rc = procspawn__client_try(&pool->wish, pool->epoll, ret_taken);
    if (rc != 0)
        return rc;
    rc = send_prepare(pool, ret_taken->channel);
    if (rc < 0)
        close(ret_taken->channel);
    return rc;
}

static void note_failure(procspawn_pool *pool, int rc)
{
    bool final = rc == PROCSPAWN_ESERVER;
    enum procspawn_error_kind kind = final ? PROCSPAWN_ERROR_SERVER_LOST : PROCSPAWN_ERROR_SETUP;
    procspawn_error *error = procspawn__error_new(kind, final ? 0 : -rc,
                                                  "a worker cannot be started: %s",
                                                  forkscope_strerror(rc));

    if (rc == -EPIPE)
        procspawn__start_unread(pool, error);
    else
        procspawn__start_failed(pool, error, final);
}

/* Without the lock, and step by step: a server may take a while, and events wait for nobody. */
static void start_worker(procspawn_pool *pool)
{
    struct procspawn__taken taken;
    int rc = take_worker(pool, &taken);

    if (rc > 0)
        return;
    pthread_mutex_lock(&pool->lock);
    if (rc == 0) {
        rc = procspawn__worker_add(pool, &taken);
        if (rc < 0)
            close(taken.channel);
    }
    if (rc < 0)
        note_failure(pool, rc);
    else if (pool->state == PROCSPAWN__POOL_ENDED)
        procspawn__worker_end(pool->workers[pool->worker_count - 1], SIGKILL, 0);
    pthread_mutex_unlock(&pool->lock);
}

/* ---- time ---- */

static void earliest(int64_t *when, int64_t other)
{
    if (other < *when)
        *when = other;
}

static void expire_queued(procspawn_pool *pool, int64_t now, int64_t *wake_at)
{
    struct list *next;

    for (struct list *item = pool->queue.next; item != &pool->queue; item = next) {
        struct procspawn__pool_call *call =
            list_entry(item, struct procspawn__pool_call, in_queue);
        next = item->next;
        if (call->deadline <= now)
            procspawn__pool_expel(call, procspawn__error_new(PROCSPAWN_ERROR_TIMED_OUT, 0,
                                                             "the deadline passed in the queue"));
        else
            earliest(wake_at, call->deadline);
    }
}

static bool overdue(const struct procspawn__worker *worker, int64_t now)
{
    return worker->state == PROCSPAWN__WORKER_RUNNING && worker->call->deadline <= now;
}

/* An answer that is there already counts. */
static void expire_running(procspawn_pool *pool, int64_t now, int64_t *wake_at)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        struct procspawn__worker *worker = pool->workers[i];
        if (overdue(worker, now))
            procspawn__worker_look(worker);
    }
    for (unsigned i = 0; i < pool->worker_count; i++) {
        struct procspawn__worker *worker = pool->workers[i];
        if (overdue(worker, now))
            procspawn__worker_past_deadline(worker);
        else if (worker->state == PROCSPAWN__WORKER_RUNNING)
            earliest(wake_at, worker->call->deadline);
    }
}

/* Who was idle longest comes last in the list. */
static void shrink(procspawn_pool *pool, int64_t now, int64_t *wake_at)
{
    while (pool->wanted > pool->plan.minimum && !list_empty(&pool->idle)) {
        struct procspawn__worker *worker =
            list_entry(pool->idle.prev, struct procspawn__worker, in_idle);
        if (worker->idle_until > now) {
            earliest(wake_at, worker->idle_until);
            return;
        }
        pool->wanted--;
        procspawn__worker_end(worker, SIGKILL, 0);
    }
}

/* Everything that is due. Returns whether a worker is to be started now. */
static bool keep_time(procspawn_pool *pool)
{
    int64_t now = base__now();
    int64_t wake_at = BASE_NEVER;

    expire_running(pool, now, &wake_at);
    expire_queued(pool, now, &wake_at);
    shrink(pool, now, &wake_at);
    bool missing = worker_missing(pool);
    if (missing && pool->retry_at > now) {
        earliest(&wake_at, pool->retry_at);
        missing = false;
    }
    pool->wake_at = missing ? now : wake_at;
    return missing;
}

/* ---- the loop ---- */

static void on_event(procspawn_pool *pool, const struct epoll_event *event)
{
    eventfd_t count;

    if (event->data.u64 == 0) {
        eventfd_read(pool->wake, &count);
        return;
    }
    struct procspawn__worker *worker = procspawn__worker_find(pool, event->data.u64);
    if (worker && (event->events & EPOLLHUP))
        procspawn__worker_pump(worker);
    else if (worker)
        procspawn__worker_look(worker);
}

static bool finished(const procspawn_pool *pool)
{
    return pool->state == PROCSPAWN__POOL_ENDED && pool->worker_count == 0;
}

/* One round: what is due, a step towards a worker that is missing, and what has happened. */
static bool turn(procspawn_pool *pool)
{
    enum { BATCH = 32 };
    struct epoll_event events[BATCH];
    int count;

    pthread_mutex_lock(&pool->lock);
    bool missing = keep_time(pool);
    bool done = finished(pool);
    int timeout = base__poll_timeout(pool->wake_at);
    pthread_mutex_unlock(&pool->lock);
    if (done)
        return false;
    if (missing)
        start_worker(pool);
    else
        procspawn__client_unwish(&pool->wish);
    count = epoll_wait(pool->epoll, events, BATCH, timeout);
    pthread_mutex_lock(&pool->lock);
    for (int i = 0; i < count; i++)
        on_event(pool, &events[i]);
    pthread_mutex_unlock(&pool->lock);
    return true;
}

static void *dispatch(void *data)
{
    prctl(PR_SET_NAME, "forkscope-pool");
    while (turn(data))
        continue;
    procspawn__client_unwish(&((procspawn_pool *)data)->wish);
    return NULL;
}

int procspawn__dispatch_start(procspawn_pool *pool)
{
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&pool->dispatcher, NULL, dispatch, pool);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -rc;
}

int procspawn__dispatch_join(procspawn_pool *pool, int64_t deadline)
{
    int rc = pool->dispatcher_joined ? 0 : base__join(pool->dispatcher, deadline);

    if (rc == 0)
        pool->dispatcher_joined = true;
    return rc;
}
