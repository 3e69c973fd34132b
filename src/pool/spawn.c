/*
 * spawn.c - procspawn_pool_spawn: encodes a call and queues it
 */
#include "src/pool/spawn.h"

#include "src/base/clock.h"
#include "src/call/builder.h"
#include "src/call/request.h"
#include "src/call/time_limits.h"
#include "src/image/image.h"
#include "src/pool/capture.h"
#include "src/pool/handle.h"
#include "src/pool/job.h"
#include "src/pool/lock.h"
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
#include <stdint.h>

static int write_call(struct procspawn__pool_call *call, procspawn_function *function,
                      const json_t *argument)
{
    struct procspawn__request *request = &call->request->request;

    request->call.flags = WIRE_CALL_KEEP_ALIVE;
    int rc = procspawn__request_function(request, function);
    if (rc == 0)
        rc = procspawn__request_argument(request, argument);
    if (rc == 0)
        rc = procspawn__captures_open(&call->captures, &call->pool->config, request,
                                      call->handle.pipes);
    return rc < 0 ? rc : procspawn__request_seal(request);
}

static int submit(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;
    int rc = 0;

    procspawn__pool_enter(pool);
    if (pool->state == PROCSPAWN__POOL_OPEN)
        procspawn__pool_enqueue(call);
    else
        rc = pool->failed ? PROCSPAWN_EPOOL : PROCSPAWN_ESHUTDOWN;
    procspawn__pool_leave(pool);
    return rc;
}

static int spawn(procspawn_pool *pool, const struct procspawn__time_limits *limits,
                 procspawn_function *function, const json_t *argument,
                 procspawn_handle **ret_handle)
{
    struct procspawn__pool_call *call = procspawn__pool_call_new(pool, &procspawn__pool_call_kind);

    if (!call)
        return -ENOMEM;
    call->limits = *limits;
    if (limits->total > 0)
        call->deadline = base__deadline(limits->total);
    int rc = write_call(call, function, argument);
    if (rc == 0)
        rc = submit(call);
    if (rc == 0)
        *ret_handle = &call->handle;
    else
        procspawn__pool_call_free(call);
    return rc;
}

int procspawn__pool_spawn(procspawn_pool *pool, const struct procspawn_call_options *options,
                          procspawn_function *function, json_t *argument,
                          procspawn_handle **ret_handle)
{
    int cancel;

    if (!procspawn__pool_is_ours(pool))
        return procspawn__ready() ? PROCSPAWN_ENOTOWNER : PROCSPAWN_ENOTINIT;
    struct procspawn__time_limits limits = pool->process->time;
    if (options->run_limit > 0)
        limits.run = options->run_limit;
    if (options->total_limit > 0)
        limits.total = options->total_limit;
    pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = spawn(pool, &limits, function, argument, ret_handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_pool_spawn(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                         procspawn_handle **ret_handle)
{
    static const struct procspawn_call_options none;
    return procspawn__pool_spawn(pool, &none, function, argument, ret_handle);
}
