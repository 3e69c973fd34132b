/*
 * spawn.c - procspawn_pool_spawn: encodes a call and queues it
 */
#include "src/pool/spawn.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/refusal.h"
#include "src/call/builder.h"
#include "src/call/request.h"
#include "src/call/stdio.h"
#include "src/call/time_limits.h"
#include "src/error/error.h"
#include "src/image/image.h"
#include "src/pool/handle.h"
#include "src/pool/job.h"
#include "src/pool/lease.h"
#include "src/pool/lock.h"
#include "src/pool/receive.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/wire/call.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- described ---- */

static int describe(struct procspawn__request *request, procspawn_function *function,
                    const json_t *argument)
{
    request->call.flags = WIRE_CALL_KEEP_ALIVE;
    int rc = procspawn__request_function(request, function);
    if (rc == 0)
        rc = procspawn__request_argument(request, argument);
    if (rc == 0 && (request->block.overflow || request->message.text.overflow))
        rc = -ENOMEM;
    return rc;
}

static void limit(struct procspawn__pool_call *call, const struct procspawn_call_options *options)
{
    struct procspawn__time_limits *limits = &call->limits;

    *limits = call->pool->process->time;
    if (options->run_limit > 0)
        limits->run = options->run_limit;
    if (options->total_limit > 0)
        limits->total = options->total_limit;
    if (limits->total > 0)
        call->deadline = base__deadline(limits->total);
}

static int keep_streams(struct procspawn__pool_call *call,
                        const struct procspawn_call_options *options)
{
    call->capture_limit =
        options->capture_limit > 0 ? options->capture_limit : call->pool->process->capture_limit;
    call->handle.captured = call->capture_limit > 0;
    if (!options->input)
        return 0;
    call->input = malloc(options->input_size + 1);
    if (!call->input)
        return -ENOMEM;
    memcpy(call->input, options->input, options->input_size);
    call->input_size = options->input_size;
    return 0;
}

static procspawn_pool absent;

procspawn_pool *procspawn__pool_or_absent(procspawn_pool *pool)
{
    return pool ? pool : &absent;
}

bool procspawn__pool_is_absent(const procspawn_pool *pool)
{
    return !pool || pool == &absent;
}

int procspawn__pool_describe(procspawn_pool *pool, const struct procspawn_call_options *options,
                             procspawn_function *function, const json_t *argument,
                             struct procspawn__pool_call **ret_call)
{
    if (procspawn__pool_is_absent(pool))
        return -EINVAL;
    if (!procspawn__pool_is_ours(pool))
        return procspawn__ready() ? PROCSPAWN_ENOTOWNER : PROCSPAWN_ENOTINIT;
    struct procspawn__pool_call *call = procspawn__pool_call_new(pool, &procspawn__pool_call_kind);
    if (!call)
        return -ENOMEM;
    limit(call, options);
    int rc = keep_streams(call, options);
    if (rc == 0)
        rc = procspawn__handle_name(&call->handle, pool->process->name);
    if (rc == 0)
        rc = describe(&call->request->request, function, argument);
    if (rc == 0)
        *ret_call = call;
    else
        procspawn__pool_call_free(call);
    return rc;
}

/* ---- queued ---- */

static int why_closed(const procspawn_pool *pool) REQUIRES(pool_lock)
{
    if (!pool->failed)
        return PROCSPAWN_ESHUTDOWN;
    return base__refuse(PROCSPAWN_EPOOL, "the pool failed: %s",
                        pool->cause ? pool->cause->message : forkscope_strerror(-ENOMEM));
}

/* 0; FULL; or why the pool takes no call. Answers that have arrived may have made room. */
static int admit(procspawn_pool *pool) REQUIRES(pool_lock)
{
    if (!procspawn__pool_has_room(pool, 0))
        procspawn__pool_receive(pool);
    if (pool->state != PROCSPAWN__POOL_OPEN)
        return why_closed(pool);
    return procspawn__pool_has_room(pool, 0) ? 0 : PROCSPAWN__POOL_FULL;
}

/* A call that would be refused opens no descriptors, unless others take the room meanwhile. */
static int ask_first(procspawn_pool *pool)
{
    if (pool->config.queue_limit == 0)
        return 0;
    procspawn__pool_enter(pool);
    int rc = admit(pool);
    procspawn__pool_leave(pool);
    return rc;
}

/* The input takes a descriptor from now on. A call that is submitted again has it already. */
static int open_files(struct procspawn__pool_call *call)
{
    struct procspawn__request *request = &call->request->request;
    int rc = 0;

    if (call->input) {
        rc = procspawn__streams_input(request, call->input, call->input_size);
        if (rc < 0)
            return rc;
        free(call->input);
        call->input = NULL;
    }
    if (!procspawn__lease(call))
        rc = procspawn__request_seal(request);
    call->is_whole = rc == 0;
    return rc;
}

static int queue(struct procspawn__pool_call *call, struct procspawn__listener *listener)
{
    procspawn_pool *pool = call->pool;

    procspawn__pool_enter(pool);
    bool leases = call->lessor;
    int rc = admit(pool);
    bool first = leases && procspawn__lease_return(call, rc == 0);
    if (rc == 0) {
        call->listener = listener;
        procspawn__pool_enqueue(call, first);
    }
    procspawn__pool_leave(pool);
    return rc;
}

int procspawn__pool_submit(struct procspawn__pool_call *call, struct procspawn__listener *listener)
{
    base__refusal_forget();
    int rc = ask_first(call->pool);

    if (rc == 0 && !call->is_whole)
        rc = open_files(call);
    return rc == 0 ? queue(call, listener) : rc;
}

static int spawn(procspawn_pool *pool, const struct procspawn_call_options *options,
                 procspawn_function *function, const json_t *argument,
                 procspawn_handle **ret_handle)
{
    struct procspawn__pool_call *call = NULL;
    int rc = procspawn__pool_describe(pool, options, function, argument, &call);

    if (rc < 0)
        return rc;
    rc = procspawn__pool_submit(call, NULL);
    if (rc == 0)
        *ret_handle = &call->handle;
    else
        procspawn__pool_call_free(call);
    return rc == PROCSPAWN__POOL_FULL ? -EAGAIN : rc;
}

int procspawn__pool_spawn(procspawn_pool *pool, const struct procspawn_call_options *options,
                          procspawn_function *function, json_t *argument,
                          procspawn_handle **ret_handle)
{
    int cancel;

    pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = spawn(pool, options, function, argument, ret_handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_pool_spawn(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                         procspawn_handle **ret_handle)
{
    static const struct procspawn_call_options none;
    return procspawn__pool_spawn(pool, &none, function, argument, ret_handle);
}
