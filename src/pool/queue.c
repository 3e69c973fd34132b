/*
 * queue.c - the queue of calls: gives them to idle workers, and makes the pool grow
 */
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/error/error.h"
#include "src/pool/backoff.h"
#include "src/pool/pool.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stdint.h>

static void attend_all(procspawn_pool *pool)
{
    for (unsigned i = 0; i < pool->worker_count; i++)
        procspawn__worker_attend(pool->workers[i]);
}

/* Raises the number of workers by one if there are more calls than workers, up to the maximum. */
static void grow(procspawn_pool *pool)
{
    if (pool->wanted >= pool->plan.maximum || pool->queued + pool->active <= pool->wanted)
        return;
    __atomic_store_n(&pool->wanted, pool->wanted + 1, __ATOMIC_RELAXED);
    procspawn__pool_wake(pool);
}

static void put_first(struct procspawn__pool_call *call)
{
    list_prepend(&call->pool->queue, &call->in_queue);
    call->pool->queued++;
}

static void take_out(struct procspawn__pool_call *call)
{
    list_remove(&call->in_queue);
    call->pool->queued--;
}

/*
 * Sends the first call to the first idle worker. Returns false if a shortage prevents that: the
 * call goes back into the queue, and the dispatcher tries again.
 */
static bool start_first(procspawn_pool *pool)
{
    struct procspawn__pool_call *call =
        list_entry(pool->queue.next, struct procspawn__pool_call, in_queue);
    struct procspawn__worker *worker =
        list_entry(pool->idle.next, struct procspawn__worker, in_idle);

    take_out(call);
    int rc = procspawn__worker_start(worker, call);
    if (procspawn__may_pass(rc)) {
        put_first(call);
        procspawn__dispatch_again(pool);
        return false;
    }
    if (rc == -EPIPE) {
        put_first(call);
    } else if (rc < 0) {
        procspawn__answer_fail(&call->handle.answer,
                               procspawn__error_new(PROCSPAWN_ERROR_IO,
                                                    procspawn__error_number(rc),
                                                    "the call cannot be sent"));
        procspawn__pool_call_end(call);
    }
    return true;
}

void procspawn__pool_feed(procspawn_pool *pool)
{
    bool more = true;

    while (more && !list_empty(&pool->queue) && !list_empty(&pool->idle))
        more = start_first(pool);
}

/* If calls are left in the queue, the dispatcher has to receive the answers of busy workers. */
static void after_queueing(procspawn_pool *pool)
{
    procspawn__pool_feed(pool);
    if (pool->queued == 0)
        return;
    grow(pool);
    attend_all(pool);
}

void procspawn__pool_enqueue(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;

    int64_t deadline = call->deadline;

    __atomic_store_n(&pool->calls, pool->calls + 1, __ATOMIC_RELEASE);
    list_append(&pool->queue, &call->in_queue);
    pool->queued++;
    after_queueing(pool);
    procspawn__pool_wake_by(pool, deadline);
}

void procspawn__pool_requeue(struct procspawn__pool_call *call)
{
    __atomic_store_n(&call->state, PROCSPAWN__CALL_QUEUED, __ATOMIC_RELAXED);
    call->worker = NULL;
    procspawn__capture_stop(call);
    put_first(call);
    after_queueing(call->pool);
}

void procspawn__pool_expel(struct procspawn__pool_call *call, procspawn_error *error)
{
    take_out(call);
    procspawn__answer_fail(&call->handle.answer, error);
    procspawn__pool_call_end(call);
}

void procspawn__pool_expel_all(procspawn_pool *pool, enum procspawn_error_kind kind,
                               const char *message)
{
    while (!list_empty(&pool->queue))
        procspawn__pool_expel(
            list_entry(pool->queue.next, struct procspawn__pool_call, in_queue),
            procspawn__error_new(kind, 0, "%s", message));
}
