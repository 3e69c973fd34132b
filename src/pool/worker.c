/*
 * worker.c - the table of workers: their states, and which thread waits for their messages
 */
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/call/request.h"
#include "src/client/child_end.h"
#include "src/client/taken.h"
#include "src/pool/pool.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static const enum procspawn__worker_state next[PROCSPAWN__WORKER_STATES]
                                              [PROCSPAWN__WORKER_EVENTS] = {
    [PROCSPAWN__WORKER_STARTING] = {
        [PROCSPAWN__EV_READY] = PROCSPAWN__WORKER_IDLE,
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,
        [PROCSPAWN__EV_CUT] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_IDLE] = {
        [PROCSPAWN__EV_CALL] = PROCSPAWN__WORKER_RUNNING,
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,
        [PROCSPAWN__EV_CUT] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_RUNNING] = {
        [PROCSPAWN__EV_ANSWER] = PROCSPAWN__WORKER_IDLE,
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,
        [PROCSPAWN__EV_CUT] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_ENDING] = {
        [PROCSPAWN__EV_ANSWER] = PROCSPAWN__WORKER_ENDING,  /* sent before it ended: is valid */
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,     /* another signal */
        [PROCSPAWN__EV_CUT] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_LOST] = {    /* look_beside kills it */
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
};

/* Sets the time when the pool may shrink; wakes the dispatcher if it would wake later. */
static void note_idle(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;

    if (pool->plan.minimum == pool->plan.maximum)
        return;
    worker->idle_until = base__deadline(pool->plan.idle_timeout);
    if (pool->wanted > pool->plan.minimum)
        procspawn__pool_wake_by(pool, worker->idle_until);
}

bool procspawn__worker_step(struct procspawn__worker *worker, enum procspawn__worker_event event)
{
    enum procspawn__worker_state state = next[worker->state][event];

    if (state == PROCSPAWN__WORKER_BUG)
        return false;
    worker->state = state;
    list_remove(&worker->in_idle);
    if (state == PROCSPAWN__WORKER_IDLE) {
        list_prepend(&worker->pool->idle, &worker->in_idle);
        note_idle(worker);
    }
    return true;
}

void procspawn__worker_ref(struct procspawn__worker *worker)
{
    worker->references++;
}

static void free_worker(struct procspawn__worker *worker)
{
    procspawn__answer_fini(&worker->start);
    free(worker->room);
    free(worker);
}

static void dispose_worker(struct procspawn__remains *remains)
{
    struct procspawn__worker *worker = list_entry(remains, struct procspawn__worker, remains);

    procspawn__client_unawait(&worker->await);
    wire__close(worker->taken.channel);
    base__fd_close(worker->statm);
    free_worker(worker);
}

void procspawn__worker_forget(struct procspawn__worker *worker)
{
    procspawn__answer_forget(&worker->start);
    free(worker->room);
    free(worker);
}

void procspawn__worker_unref(struct procspawn__worker *worker)
{
    if (--worker->references == 0)
        procspawn__pool_dispose(worker->pool, &worker->remains, dispose_worker);
}

/* ---- which thread waits for its messages ---- */

static int set_watch(struct procspawn__worker *worker, int operation)
{
    struct epoll_event event = { .events = worker->listened ? EPOLLIN : 0,
                                 .data.u64 = worker->serial * PROCSPAWN__STREAMS };

    if (!base__fd_is_ours(worker->pool->epoll) || !base__fd_is_ours(worker->taken.channel))
        return -EBADF;
    if (epoll_ctl(worker->pool->epoll, operation, worker->taken.channel, &event) < 0)
        return -errno;
    worker->watched = operation != EPOLL_CTL_DEL;
    return 0;
}

static void listen_to(struct procspawn__worker *worker, bool on)
{
    if (worker->listened == on || !worker->watched)
        return;
    worker->listened = on;
    set_watch(worker, EPOLL_CTL_MOD);
}

static void unwatch(struct procspawn__worker *worker)
{
    if (worker->watched)
        set_watch(worker, EPOLL_CTL_DEL);
}

/* The messages of an ending worker are always received, because its DEATH comes behind them. */
static bool needs_dispatcher(const struct procspawn__worker *worker)
{
    const procspawn_pool *pool = worker->pool;
    const struct procspawn__pool_call *call = worker->call;

    if (worker->followed)
        return false;
    if (worker->state == PROCSPAWN__WORKER_ENDING)
        return true;
    return call && (pool->queued > 0 || !list_empty(&pool->waiters) || call->dropped ||
                    call->event >= 0);
}

/* Listening ends only when a joiner follows: listening without need costs little. */
void procspawn__worker_attend(struct procspawn__worker *worker)
{
    if (needs_dispatcher(worker))
        listen_to(worker, true);
}

/* epoll(7) always reports the end of a channel, so the channel leaves the set. */
void procspawn__worker_deafen(struct procspawn__worker *worker)
{
    if (!worker->watched)
        return;
    unwatch(worker);
    worker->deaf = true;
    procspawn__dispatch_again(worker->pool);
}

void procspawn__worker_undeafen(struct procspawn__worker *worker)
{
    if (!worker->deaf)
        return;
    worker->listened = !worker->followed;
    worker->deaf = set_watch(worker, EPOLL_CTL_ADD) < 0;
    if (worker->deaf)
        procspawn__dispatch_again(worker->pool);
}

void procspawn__worker_follow(struct procspawn__worker *worker)
{
    procspawn__worker_ref(worker);
    worker->followed = true;
    listen_to(worker, false);
}

void procspawn__worker_unfollow(struct procspawn__worker *worker)
{
    worker->followed = false;
    procspawn__worker_attend(worker);
    procspawn__worker_unref(worker);
}

/* ---- its life ---- */

int procspawn__worker_add(procspawn_pool *pool, const struct procspawn__taken *taken)
{
    struct procspawn__worker *worker = calloc(1, sizeof *worker);

    if (!worker)
        return -ENOMEM;
    *worker = (struct procspawn__worker){
        .pool = pool,
        .taken = *taken,
        .state = PROCSPAWN__WORKER_STARTING,
        .references = 1,
        .serial = ++pool->last_serial,
        .listened = true,
        .statm = -1,
    };
    list_init(&worker->in_idle);
    list_init(&worker->in_tell);
    list_init(&worker->in_lost);
    int rc = set_watch(worker, EPOLL_CTL_ADD);
    if (rc < 0)
        free_worker(worker);
    else
        pool->workers[pool->worker_count++] = worker;
    return rc;
}

struct procspawn__worker *procspawn__worker_find(const procspawn_pool *pool, uint64_t serial)
{
    for (unsigned i = 0; i < pool->worker_count; i++) {
        if (pool->workers[i]->serial == serial)
            return pool->workers[i];
    }
    return NULL;
}

static int send_call(struct procspawn__worker *worker, struct procspawn__pool_call *call)
{
    struct procspawn__draft *draft = &call->draft->draft;
    int rc = procspawn__capture_start(call, worker->serial);

    if (rc < 0)
        return rc;
    draft->call.generation = worker->generation + 1;
    rc = procspawn__draft_send(draft, worker->taken.channel);
    if (rc < 0)
        procspawn__capture_stop(call);
    return rc;
}

/* A full channel (-EAGAIN) means that the worker answered calls without reading them: ends it. */
int procspawn__worker_start(struct procspawn__worker *worker, struct procspawn__pool_call *call)
{
    int rc = send_call(worker, call);

    if (rc == -EPIPE || rc == -EAGAIN) {
        procspawn__worker_end(worker, SIGKILL, 0);
        return -EPIPE;
    }
    if (rc < 0)
        return rc;
    worker->generation++;
    worker->call = call;
    call->worker = worker;
    __atomic_store_n(&call->state, PROCSPAWN__CALL_RUNNING, __ATOMIC_RELAXED);
    worker->pool->active++;
    /* Copies of the argument's descriptors kept here would prevent the end of their peers. */
    if (call->draft->draft.message.fd_count > 0)
        procspawn__pool_call_spend(call);
    procspawn__worker_step(worker, PROCSPAWN__EV_CALL);
    procspawn__worker_attend(worker);
    return 0;
}

static void forget(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;

    list_remove(&worker->in_lost);
    procspawn__pool_wake(pool);
    procspawn__pool_changed(pool);
    procspawn__worker_unref(worker);
}

void procspawn__worker_leave(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;
    unsigned i = 0;

    while (pool->workers[i] != worker)
        i++;
    pool->workers[i] = pool->workers[--pool->worker_count];
    unwatch(worker);
    worker->deaf = false;
    list_remove(&worker->in_tell);
    if (worker->state == PROCSPAWN__WORKER_GONE) {
        forget(worker);
        return;
    }
    list_append(&pool->lost, &worker->in_lost);
    procspawn__dispatch_beside(pool, 0);
}

void procspawn__worker_bury(struct procspawn__worker *worker)
{
    if (procspawn__worker_step(worker, PROCSPAWN__EV_DEATH))
        forget(worker);
}
