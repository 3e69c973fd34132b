/*
 * worker.c - the table of a pool's workers, and their states
 */
#include "src/pool/worker.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/client/child_end.h"
#include "src/client/remote_child.h"
#include "src/pool/state.h"
#include "src/wire/frame.h"
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static const enum procspawn__worker_state next[PROCSPAWN__WORKER_STATES]
                                              [PROCSPAWN__WORKER_EVENTS] = {
    [PROCSPAWN__WORKER_STARTING] = {
        [PROCSPAWN__EV_READY] = PROCSPAWN__WORKER_IDLE,
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,
        [PROCSPAWN__EV_LOST] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_IDLE] = {
        [PROCSPAWN__EV_CALL] = PROCSPAWN__WORKER_RUNNING,
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,
        [PROCSPAWN__EV_LOST] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_RUNNING] = {
        [PROCSPAWN__EV_ANSWER] = PROCSPAWN__WORKER_IDLE,
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,
        [PROCSPAWN__EV_LOST] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_ENDING] = {
        [PROCSPAWN__EV_ANSWER] = PROCSPAWN__WORKER_ENDING,  /* sent before it ended: is valid */
        [PROCSPAWN__EV_END] = PROCSPAWN__WORKER_ENDING,     /* another signal */
        [PROCSPAWN__EV_LOST] = PROCSPAWN__WORKER_LOST,
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_LOST] = {    /* its server is asked to kill it */
        [PROCSPAWN__EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
};

/* Sets the time when the pool may shrink; wakes the dispatcher if it would wake later. */
static void note_idle(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    procspawn_pool *pool = worker->pool;

    if (pool->config.minimum == pool->config.maximum)
        return;
    worker->idle_until = base__deadline(pool->config.idle_limit);
    if (pool->wanted > pool->config.minimum)
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
    procspawn__outcome_fini(&worker->start);
    free(worker->buffer);
    free(worker);
}

static void dispose_worker(struct procspawn__remains *remains)
{
    struct procspawn__worker *worker = list_entry(remains, struct procspawn__worker, remains);

    procspawn__client_unawait(&worker->await);
    wire__close(worker->child.channel);
    base__fd_close(worker->statm);
    wire__standing_close(&worker->argument);
    procspawn__result_buffer_close(&worker->results);
    free_worker(worker);
}

void procspawn__worker_forget(struct procspawn__worker *worker)
{
    procspawn__outcome_forget(&worker->start);
    free(worker->results.copy);
    free(worker->buffer);
    free(worker);
}

void procspawn__worker_unref(struct procspawn__worker *worker)
{
    if (--worker->references == 0)
        procspawn__pool_dispose(worker->pool, &worker->remains, dispose_worker);
}

/* ---- the table ---- */

struct procspawn__worker *procspawn__worker_add(procspawn_pool *pool,
                                                const struct procspawn__remote_child *child)
{
    struct procspawn__worker *worker = calloc(1, sizeof *worker);

    if (!worker)
        return NULL;
    *worker = (struct procspawn__worker){
        .pool = pool,
        .child = *child,
        .state = PROCSPAWN__WORKER_STARTING,
        .references = 1,
        .serial = ++pool->last_serial,
        .dispatcher_polls = true,
        .statm = -1,
        .argument = WIRE_STANDING_NONE,
        .results = PROCSPAWN__NO_RESULT_BUFFER,
    };
    list_init(&worker->in_idle);
    list_init(&worker->in_notices);
    list_init(&worker->in_lost);
    pool->workers[pool->worker_count++] = worker;
    return worker;
}

void procspawn__worker_withdraw(struct procspawn__worker *worker)
{
    worker->pool->worker_count--;
    free_worker(worker);
}

struct procspawn__worker *procspawn__worker_find(const procspawn_pool *pool, uint64_t serial)
{
    for (unsigned i = 0; i < pool->worker_count; i++) {
        if (pool->workers[i]->serial == serial)
            return pool->workers[i];
    }
    return NULL;
}

static void drop(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    procspawn_pool *pool = worker->pool;

    list_remove(&worker->in_lost);
    procspawn__pool_wake(pool);
    procspawn__pool_notify(pool);
    procspawn__worker_unref(worker);
}

void procspawn__worker_remove(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;
    unsigned i = 0;

    while (pool->workers[i] != worker)
        i++;
    pool->workers[i] = pool->workers[--pool->worker_count];
    worker->suspended = false;
    list_remove(&worker->in_notices);
    if (worker->state == PROCSPAWN__WORKER_GONE) {
        drop(worker);
        return;
    }
    list_append(&pool->lost, &worker->in_lost);
    procspawn__pool_ask_soon(pool, 0);
}

void procspawn__worker_note_gone(struct procspawn__worker *worker)
{
    if (procspawn__worker_step(worker, PROCSPAWN__EV_DEATH))
        drop(worker);
}
