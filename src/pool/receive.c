/*
 * receive.c - receives messages of workers and has the scheduler act upon them
 *
 * Messages are received without the lock, by one thread at a time for each worker. Their number is
 * limited each time, so a worker that floods its channel does not keep the thread from the others.
 */
#include "src/pool/receive.h"

#include "src/base/clock.h"
#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/client/child_end.h"
#include "src/pool/job.h"
#include "src/pool/lock.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/pool/worker_report.h"
#include <errno.h>
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stdint.h>

/* After an answer the loop stops, so that the thread that waits for it can go on. */
static bool may_have_more(enum procspawn__incoming_kind kind)
{
    switch (kind) {
    case PROCSPAWN__INCOMING_IGNORED:
    case PROCSPAWN__INCOMING_REFUSED:
    case PROCSPAWN__INCOMING_BROKEN:
    case PROCSPAWN__INCOMING_BACKTRACE:
    case PROCSPAWN__INCOMING_REBORN:
        return true;
    default:
        return false;
    }
}

/* Receives one message without the lock and acts upon it. Returns what it was. */
static enum procspawn__incoming_kind receive_one(struct procspawn__worker *worker, int *ret_error)
    REQUIRES(pool_lock)
{
    procspawn_pool *pool = worker->pool;
    struct procspawn__worker_message message;

    /* After the last answer no descriptors are needed. A shortage of them must not delay DEATH. */
    worker->lossy = worker->state == PROCSPAWN__WORKER_ENDING && !worker->call;
    procspawn__pool_leave(pool);
    procspawn__worker_receive_message(worker, &message);
    procspawn__pool_enter(pool);
    procspawn__schedule_act(worker, &message);
    *ret_error = message.incoming.error == -EAGAIN ? 0 : message.incoming.error;
    if (!procspawn__outcome_is_empty(&message.outcome) || message.results.standing.size > 0) {
        procspawn__pool_leave(pool);
        procspawn__result_buffer_close(&message.results);
        procspawn__outcome_fini(&message.outcome);
        procspawn__pool_enter(pool);
    }
    return message.incoming.kind;
}

int procspawn__worker_receive(struct procspawn__worker *worker)
{
    enum { AT_ONCE = 64 };
    static const int64_t flooded_pause = BASE_SECOND / 20;
    bool more = true;
    int rc = 0;

    if (worker->receiving || worker->state >= PROCSPAWN__WORKER_LOST)
        return 0;
    worker->receiving = true;
    procspawn__worker_ref(worker);
    for (int i = 0; i < AT_ONCE && more; i++)
        more = may_have_more(receive_one(worker, &rc));
    worker->receiving = false;
    worker->flooded = more;
    if (more)
        procspawn__pool_ask_soon(worker->pool, flooded_pause);
    procspawn__worker_unref(worker);
    return rc;
}

/*
 * The worker has ended, so its answer and DEATH, if any, are in the channel; messages of other
 * processes may come before them, and never stop. False: a shortage prevents the reception.
 */
static bool receive_rest(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    enum { REST = 2048 };       /* more than a socket holds */
    enum procspawn__incoming_kind kind = PROCSPAWN__INCOMING_IGNORED;
    int rc = 0;

    for (int i = 0; i < REST && rc == 0 && kind != PROCSPAWN__INCOMING_NOTHING &&
                    worker->state < PROCSPAWN__WORKER_LOST; i++)
        kind = receive_one(worker, &rc);
    return rc == 0;
}

/* The server or the root has answered the question for the worker's end; rc < 0: server lost. */
static void on_word(struct procspawn__worker *worker, int rc) REQUIRES(pool_lock)
{
    struct procspawn__worker_message message = {
        .incoming = {
            .kind = rc == 0 && worker->await.known ? PROCSPAWN__INCOMING_DEATH
                                                   : PROCSPAWN__INCOMING_END,
            .death = worker->await.death,
        },
        .server_lost = rc < 0,
    };

    if (worker->state < PROCSPAWN__WORKER_LOST && !receive_rest(worker))
        return;
    if (worker->state == PROCSPAWN__WORKER_LOST)
        procspawn__worker_note_gone(worker);
    else if (worker->state < PROCSPAWN__WORKER_LOST)
        procspawn__schedule_act(worker, &message);
}

void procspawn__worker_ask_end(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;
    bool kill = worker->killed || worker->state == PROCSPAWN__WORKER_LOST;

    if (worker->receiving)
        return;
    worker->receiving = true;
    procspawn__worker_ref(worker);
    procspawn__pool_leave(pool);
    int rc = procspawn__client_await(&worker->await, &worker->child, kill);
    procspawn__pool_enter(pool);
    if (rc <= 0)
        on_word(worker, rc);
    worker->receiving = false;
    procspawn__worker_unref(worker);
}

int procspawn__worker_try_receive(struct procspawn__worker *worker)
{
    return worker->joiner_polls ? 0 : procspawn__worker_receive(worker);
}

/* The table may change while the lock is released. */
void procspawn__pool_receive(procspawn_pool *pool)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        if (i < pool->worker_count && pool->workers[i]->call)
            procspawn__worker_try_receive(pool->workers[i]);
    }
}
