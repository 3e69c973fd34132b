/*
 * lease.c - a long request is written into the standing buffer of an idle worker
 *
 * So the bytes are copied without the lock, and by the thread that makes the call. A worker whose
 * calls start fresh has no buffers: it would lose their mappings after each call.
 */
#include "src/pool/lease.h"

#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/call/request.h"
#include "src/pool/job.h"
#include "src/pool/lock.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/wire/standing.h"
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stddef.h>

/* Calls that wait already come first. */
static struct procspawn__worker *take_idle(procspawn_pool *pool) REQUIRES(pool_lock)
{
    if (list_empty(&pool->idle) || !list_empty(&pool->queue))
        return NULL;
    struct procspawn__worker *worker =
        list_entry(pool->idle.next, struct procspawn__worker, in_idle);
    list_remove(&worker->in_idle);
    procspawn__worker_ref(worker);
    return worker;
}

/* Its descriptor is needed until the worker has it. */
static bool make_room(struct procspawn__worker *worker, size_t length)
{
    struct wire_standing *argument = &worker->argument;

    if (argument->size >= length) {
        if (!worker->new_argument && argument->fd >= 0) {
            base__fd_close(argument->fd);
            argument->fd = -1;
        }
        return true;
    }
    wire__standing_close(argument);
    worker->new_argument = true;
    return wire__standing_to_write(length, argument) == 0;
}

static void give_back(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    if (worker->state == PROCSPAWN__WORKER_IDLE)
        list_prepend(&worker->pool->idle, &worker->in_idle);
    procspawn__worker_unref(worker);
}

bool procspawn__lease(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;
    size_t length = procspawn__request_excess(&call->request->request);

    if (length == 0 || length > WIRE_STANDING_MAX || pool->config.fresh)
        return false;
    procspawn__pool_enter(pool);
    struct procspawn__worker *worker = take_idle(pool);
    procspawn__pool_leave(pool);
    if (!worker)
        return false;
    call->lessor = worker;
    if (make_room(worker, length)) {
        procspawn__request_stand(&call->request->request, &worker->argument);
        return true;
    }
    procspawn__pool_enter(pool);
    procspawn__lease_return(call, false);
    procspawn__pool_leave(pool);
    return false;
}

struct procspawn__worker *procspawn__lease_return(struct procspawn__pool_call *call, bool use)
{
    struct procspawn__worker *worker = call->lessor;
    bool usable = use && worker->state == PROCSPAWN__WORKER_IDLE;

    call->lessor = NULL;
    if (!usable)
        procspawn__request_take_back(&call->request->request, &worker->argument);
    give_back(worker);
    if (!usable)
        procspawn__pool_feed(call->pool);
    return usable ? worker : NULL;
}
