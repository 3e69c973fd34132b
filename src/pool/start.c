/*
 * start.c - starts of workers: when to start one, and the steps of a start
 *
 * A shortage of descriptors, memory or processes does not count as a failed start: the start is
 * repeated as long as the shortage lasts.
 */
#include "src/pool/start.h"

#include "src/base/clock.h"
#include "src/call/caller_state.h"
#include "src/call/learning.h"
#include "src/call/request.h"
#include "src/call/stdio.h"
#include "src/client/remote_child.h"
#include "src/client/take.h"
#include "src/error/error.h"
#include "src/pool/backoff.h"
#include "src/pool/builder.h"
#include "src/pool/interest.h"
#include "src/pool/lock.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/terminate.h"
#include "src/pool/worker.h"
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

int64_t procspawn__start_due(const procspawn_pool *pool)
{
    bool missing =
        pool->state != PROCSPAWN__POOL_ENDED && pool->worker_count < pool->wanted;
    return missing ? pool->backoff.retry_at : BASE_NEVER;
}

static int send_prepare(const procspawn_pool *pool, int channel)
{
    struct procspawn__request request;

    procspawn__request_init(&request);
    request.call.flags = WIRE_CALL_KEEP_ALIVE | WIRE_CALL_PREPARE;
    procspawn__pool_config_fresh(&pool->config,
                                 pool->initializer ? WIRE_FRESH_LATER : WIRE_FRESH_NOW,
                                 &request.call);
    int rc = procspawn__caller_state_describe(&request, pool->process);
    if (rc == 0)
        rc = procspawn__streams_open_lasting(&request, pool->process);
    request.learning = procspawn__learning_ref(pool->learning);
    if (rc == 0)
        rc = procspawn__request_seal(&request);
    if (rc == 0)
        rc = procspawn__request_send(&request, channel);
    procspawn__request_fini(&request);
    return rc;
}

/*
 * Takes a child and sends it PREPARE. 0; 1: not yet; -EPIPE: the child was dead; or -errno. If it
 * fails after a child was taken, the caller closes ret_child->channel.
 */
static int take_worker(procspawn_pool *pool, struct procspawn__remote_child *ret_child)
{
    int rc = procspawn__client_try(&pool->child_request, pool->epoll, ret_child);
    if (rc != 0)
        return rc;
    return send_prepare(pool, ret_child->channel);
}

static bool is_final(int rc)
{
    return rc == PROCSPAWN_ESERVER || rc == PROCSPAWN_ERIGHTS;
}

static void note_failure(procspawn_pool *pool, int rc) REQUIRES(pool_lock)
{
    bool lost = rc == PROCSPAWN_ESERVER;

    if (procspawn__may_pass(rc)) {
        procspawn__backoff_put_off(&pool->backoff, rc, base__now());
        return;
    }
    procspawn_error *error =
        procspawn__error_new(lost ? PROCSPAWN_ERROR_SERVER_LOST : PROCSPAWN_ERROR_SETUP,
                             lost ? 0 : procspawn__error_number(rc),
                             "a worker cannot be started: %s", forkscope_strerror(rc));
    if (rc == -EPIPE)
        procspawn__start_unread(pool, error);
    else
        procspawn__start_failed(pool, error, is_final(rc));
}

static int add(procspawn_pool *pool, const struct procspawn__remote_child *child)
    REQUIRES(pool_lock)
{
    struct procspawn__worker *worker = procspawn__worker_add(pool, child);

    if (!worker)
        return -ENOMEM;
    worker->waits_end = wire__limit_waits(child->channel) == 0;
    int rc = procspawn__worker_watch(worker);
    if (rc < 0) {
        procspawn__worker_withdraw(worker);
        return rc;
    }
    procspawn__backoff_started(&pool->backoff);
    if (pool->state == PROCSPAWN__POOL_ENDED)
        procspawn__worker_terminate(worker, SIGKILL, 0);
    return 0;
}

/* One step at a time: while a server is slow the dispatcher still handles events. */
void procspawn__start_worker(procspawn_pool *pool)
{
    struct procspawn__remote_child child = { .channel = -1 };
    int rc = take_worker(pool, &child);

    if (rc > 0)
        return;
    procspawn__pool_enter(pool);
    if (rc == 0)
        rc = add(pool, &child);
    if (rc < 0)
        note_failure(pool, rc);
    procspawn__pool_leave(pool);
    if (rc < 0)
        wire__close(child.channel);
}
