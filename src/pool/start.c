/*
 * start.c - starts of workers: when to start one, the steps of a start, and failed starts
 *
 * A shortage of descriptors, memory or processes does not count as a failed start: the start is
 * repeated as long as the shortage lasts.
 */
#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/call/caller_state.h"
#include "src/call/request.h"
#include "src/call/stdio.h"
#include "src/client/take.h"
#include "src/client/taken.h"
#include "src/error/error.h"
#include "src/image/image.h"
#include "src/pool/backoff.h"
#include "src/pool/pool.h"
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

static bool takes_calls(const procspawn_pool *pool)
{
    return pool->state != PROCSPAWN__POOL_ENDED;
}

int64_t procspawn__start_due(const procspawn_pool *pool)
{
    bool missing = takes_calls(pool) && pool->worker_count < pool->wanted;
    return missing ? pool->backoff.retry_at : BASE_NEVER;
}

/* ---- starts that fail ---- */

/* Frees the old error last: a child by fork(2) at any time finds a valid pointer. */
static void set_cause(procspawn_pool *pool, procspawn_error *error)
{
    procspawn_error *old = pool->cause;

    pool->cause = error;
    procspawn_error_free(old);
}

void procspawn__pool_fail(procspawn_pool *pool, procspawn_error *error)
{
    set_cause(pool, error);
    pool->state = PROCSPAWN__POOL_ENDED;
    pool->failed = true;
    while (!list_empty(&pool->queue))
        procspawn__pool_expel(list_entry(pool->queue.next, struct procspawn__pool_call, in_queue),
                              procspawn__error_copy(pool->cause));
    procspawn__pool_wake(pool);
    procspawn__pool_changed(pool);
}

void procspawn__start_failed(procspawn_pool *pool, procspawn_error *error, bool final)
{
    if (!takes_calls(pool)) {
        procspawn_error_free(error);
        return;
    }
    if (procspawn__backoff_failed(&pool->backoff, base__now()))
        set_cause(pool, error);
    else
        procspawn_error_free(error);
    if (pool->worker_count == 0 && (final || pool->backoff.failures >= pool->plan.attempts))
        procspawn__pool_fail(pool, procspawn__error_copy(pool->cause));
}

void procspawn__start_unread(procspawn_pool *pool, procspawn_error *error)
{
    if (procspawn__backoff_unread(&pool->backoff, procspawn__image.spares))
        procspawn__start_failed(pool, error, false);
    else
        procspawn_error_free(error);
}

/* ---- one start ---- */

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

/*
 * Takes a child and sends it PREPARE. 0; 1: not yet; -EPIPE: the child was dead; or -errno. If it
 * fails after a child was taken, the caller closes ret_taken->channel.
 */
static int take_worker(procspawn_pool *pool, struct procspawn__taken *ret_taken)
{
    int rc = procspawn__client_try(&pool->wish, pool->epoll, ret_taken);
    if (rc != 0)
        return rc;
    return send_prepare(pool, ret_taken->channel);
}

static bool is_final(int rc)
{
    return rc == PROCSPAWN_ESERVER || rc == PROCSPAWN_ERIGHTS;
}

static void note_failure(procspawn_pool *pool, int rc)
{
    bool lost = rc == PROCSPAWN_ESERVER;

    if (procspawn__may_pass(rc)) {
        procspawn__backoff_put_off(&pool->backoff, rc, base__now());
        return;
    }
    procspawn_error *error =
        procspawn__error_new(lost ? PROCSPAWN_ERROR_SERVER_LOST : PROCSPAWN_ERROR_SETUP,
                             lost ? 0 : procspawn__error_number(rc), "a worker cannot be started: %s",
                             forkscope_strerror(rc));
    if (rc == -EPIPE)
        procspawn__start_unread(pool, error);
    else
        procspawn__start_failed(pool, error, is_final(rc));
}

static int add(procspawn_pool *pool, const struct procspawn__taken *taken)
{
    int rc = procspawn__worker_add(pool, taken);

    if (rc == 0)
        procspawn__backoff_started(&pool->backoff);
    if (rc == 0 && pool->state == PROCSPAWN__POOL_ENDED)
        procspawn__worker_end(pool->workers[pool->worker_count - 1], SIGKILL, 0);
    return rc;
}

/* One step at a time: while a server is slow the dispatcher still handles events. */
void procspawn__start_worker(procspawn_pool *pool)
{
    struct procspawn__taken taken = { .channel = -1 };
    int rc = take_worker(pool, &taken);

    if (rc > 0)
        return;
    procspawn__pool_enter(pool);
    if (rc == 0)
        rc = add(pool, &taken);
    if (rc < 0)
        note_failure(pool, rc);
    procspawn__pool_leave(pool);
    if (rc < 0)
        wire__close(taken.channel);
}
