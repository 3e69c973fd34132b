/*
 * spawn.c - procspawn: builds the request of a call, takes a child and sends it
 */
#include "src/call/spawn.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/caller_state.h"
#include "src/call/process.h"
#include "src/call/request.h"
#include "src/call/stdio.h"
#include "src/call/time_limits.h"
#include "src/client/control.h"
#include "src/client/earlier.h"
#include "src/client/remote_child.h"
#include "src/client/take.h"
#include "src/image/image.h"
#include "src/wire/call.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static int write_call(struct procspawn__request *request, const procspawn_builder *builder,
                      procspawn_function *function, const json_t *argument)
{
    int rc = procspawn__caller_state_describe(request, builder);

    if (rc == 0)
        rc = procspawn__request_function(request, function);
    if (rc == 0)
        rc = procspawn__streams_open(request, builder);
    if (rc == 0)
        rc = procspawn__request_argument(request, argument);
    return rc < 0 ? rc : procspawn__request_seal(request);
}

/* A call under way: its request, its limits, and the moment when the total limit passes. */
struct start {
    struct procspawn__request request;
    struct procspawn__time_limits limits;
    int64_t deadline;
};

static int tell_limits(const struct start *start, const struct procspawn__remote_child *child)
{
    const struct procspawn__time_limits *limits = &start->limits;
    int rc = 0;

    if (limits->total > 0)
        rc = procspawn__client_limit(child, WIRE_LIMIT_TOTAL, start->deadline, limits->total,
                                     start->deadline);
    if (rc == 0 && limits->run > 0)
        rc = procspawn__client_limit(child, WIRE_LIMIT_RUN, procspawn__latest_end(limits->run),
                                     limits->run, start->deadline);
    return rc;
}

/* The server is told the limits before the call starts. -EPIPE: the child is dead. */
static int send_call(const struct start *start, const struct procspawn__remote_child *child)
{
    if (tell_limits(start, child) < 0)
        return base__now() < start->deadline ? -EPIPE : -ETIMEDOUT;
    return procspawn__request_send(&start->request, child->channel);
}

/*
 * Takes a child and sends the call. A spare may have died while it waited; then the next is taken.
 * Gives up after more dead children than a client can have in stock.
 */
static int hand_over(const struct start *start, struct procspawn__remote_child *ret_child)
{
    enum { WAITING = 256 };
    int rc = -EPIPE;

    for (int i = 0; i < WAITING && rc == -EPIPE; i++) {
        struct procspawn__remote_child child;
        rc = procspawn__client_take(start->deadline, &child);
        if (rc < 0)
            return rc;
        rc = send_call(start, &child);
        if (rc == 0)
            *ret_child = child;
        else
            base__fd_close(child.channel);
    }
    return rc == -EPIPE ? PROCSPAWN_ESERVER : rc;
}

static int start_call(const procspawn_builder *builder, procspawn_function *function,
                      const json_t *argument, struct procspawn__process *process)
{
    struct start start = { .deadline = BASE_NEVER };

    if (builder)
        start.limits = builder->time;
    if (start.limits.total > 0)
        start.deadline = base__deadline(start.limits.total);
    procspawn__request_init(&start.request);
    int rc = write_call(&start.request, builder, function, argument);
    if (start.limits.run > 0)
        start.request.call.flags |= WIRE_CALL_TELL_BEGIN;
    if (rc == 0)
        rc = hand_over(&start, &process->child);
    if (rc == 0)
        procspawn__streams_give(&start.request, &process->handle);
    procspawn__request_fini(&start.request);
    return rc;
}

static int spawn(const procspawn_builder *builder, procspawn_function *function, json_t *argument,
                 procspawn_handle **ret_handle)
{
    int rc = procspawn__admitted();
    if (rc < 0)
        return rc;
    procspawn__earlier_reap(0);
    struct procspawn__process *process = procspawn__process_new();
    if (!process)
        return -ENOMEM;
    if (builder) {
        process->limit = builder->limit;
        rc = procspawn__handle_name(&process->handle, builder->name);
    }
    if (rc == 0)
        rc = start_call(builder, function, argument, process);
    if (rc == 0)
        *ret_handle = &process->handle;
    else
        procspawn_handle_free(&process->handle);
    return rc;
}

int procspawn_builder_spawn(procspawn_builder *builder, procspawn_function *function,
                            json_t *argument, procspawn_handle **ret_handle)
{
    int cancel;

    pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = spawn(builder, function, argument, ret_handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn__spawn(const struct procspawn_call_options *options, procspawn_function *function,
                     json_t *argument, procspawn_handle **ret_handle)
{
    procspawn_builder changed;
    procspawn_builder *builder = procspawn__builder_with(options, &changed);

    return procspawn_builder_spawn(builder, function, argument, ret_handle);
}

int procspawn(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle)
{
    return procspawn_builder_spawn(NULL, function, argument, ret_handle);
}
