/*
 * launch.c - a call in a process of its own, described and then started: at once, or in steps that
 * do not wait
 */
#include "src/call/launch.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/caller_state.h"
#include "src/call/capture.h"
#include "src/call/learner_start.h"
#include "src/call/learning.h"
#include "src/call/prepared.h"
#include "src/call/process.h"
#include "src/call/request.h"
#include "src/call/shared_fd.h"
#include "src/call/stdio.h"
#include "src/call/time_limits.h"
#include "src/client/control.h"
#include "src/client/earlier.h"
#include "src/client/remote_child.h"
#include "src/client/take.h"
#include "src/error/error.h"
#include "src/error/time_limit.h"
#include "src/image/image.h"
#include "src/wire/call.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- the description ---- */

static const procspawn_builder inherits = {
    .stdio = { { PROCSPAWN_STDIO_INHERIT, -1 }, { PROCSPAWN_STDIO_INHERIT, -1 },
               { PROCSPAWN_STDIO_INHERIT, -1 } },
    .limit = PROCSPAWN__LIMIT_DEFAULT,
};

static int copy_input(procspawn_builder *builder, const void *input)
{
    void *copy = malloc(builder->input_size + 1);

    if (!copy)
        return -ENOMEM;
    memcpy(copy, input, builder->input_size);
    builder->input = copy;
    return 0;
}

static void free_copies(procspawn_builder *builder)
{
    free(builder->name);
    free((void *)(uintptr_t)builder->input);
}

/*
 * Has the builder borrow nothing any more. Most of what it points to is in the request; the task of
 * a scope needs the name as well.
 */
static int keep_builder(procspawn_builder *builder)
{
    const char *name = builder->name;
    const void *input = builder->input;

    builder->environment = builder->changes = NULL;
    builder->change_count = 0;
    builder->cwd = builder->name = NULL;
    builder->input = NULL;
    if (name)
        builder->name = strdup(name);
    if (name && !builder->name)
        return -ENOMEM;
    return input ? copy_input(builder, input) : 0;
}

/* The request has opened the working directory if that is not the one at init. */
static int share_cwd(struct procspawn__launch *launch, struct procspawn__launch_files *last)
{
    int cwd = launch->request.cwd;

    if (cwd < 0)
        return 0;
    int rc = procspawn__shared_fd_copy(cwd, procspawn__same_directory, &last->cwd,
                                       &launch->files.cwd);
    base__fd_close(cwd);
    launch->request.cwd = -1;
    return rc;
}

static int share_stream(struct procspawn__launch *launch, int stream,
                        struct procspawn__launch_files *last)
{
    struct procspawn__stream *chosen = &launch->builder.stdio[stream];

    if (chosen->mode != PROCSPAWN_STDIO_FD)
        return 0;
    int rc = procspawn__shared_fd_copy(chosen->fd, procspawn__same_file, &last->stdio[stream],
                                       &launch->files.stdio[stream]);
    if (rc == 0)
        chosen->fd = launch->files.stdio[stream]->fd;
    return rc;
}

static bool overflowed(const struct procspawn__request *request)
{
    return request->block.overflow || request->message.text.overflow;
}

/* Nobody could read or write the caller's end of a pipe, so the process could wait for ever. */
static bool has_pipe(const procspawn_builder *builder)
{
    for (int stream = 0; stream < 3; stream++) {
        if (builder->stdio[stream].mode == PROCSPAWN_STDIO_PIPE)
            return true;
    }
    return false;
}

static void begin(struct procspawn__launch *launch, const procspawn_builder *builder)
{
    *launch = (struct procspawn__launch){ .builder = builder ? *builder : inherits,
                                          .called = base__now(), .deadline = BASE_NEVER };
    procspawn__request_init(&launch->request);
    if (launch->builder.time.total > 0)
        launch->deadline = base__deadline(launch->builder.time.total);
}

static int describe(struct procspawn__launch *launch, const procspawn_builder *builder,
                    procspawn_function *function, const json_t *argument)
{
    struct procspawn__request *request = &launch->request;
    int rc = procspawn__admitted();

    if (rc == 0)
        rc = procspawn__caller_state_describe(request, builder);
    if (rc == 0)
        rc = procspawn__request_function(request, function);
    if (rc == 0)
        rc = procspawn__request_argument(request, argument);
    if (launch->builder.time.run > 0)
        request->call.flags |= WIRE_CALL_TELL_BEGIN;
    if (rc == 0 && procspawn__learning_wanted(builder))
        rc = procspawn__learning_new(builder, &request->learning);
    if (rc == 0 && builder)
        launch->preparation = procspawn__preparation_new(builder, request);
    return rc;
}

int procspawn__launch_describe(struct procspawn__launch *launch, const procspawn_builder *builder,
                               procspawn_function *function, const json_t *argument)
{
    begin(launch, builder);
    return describe(launch, builder, function, argument);
}

/* The argument may change from now on. */
static int keep_argument(struct procspawn__launch *launch)
{
    int rc = procspawn__message_keep(&launch->request.message);

    return rc == 0 && overflowed(&launch->request) ? -ENOMEM : rc;
}

int procspawn__launch_share(struct procspawn__launch *launch, struct procspawn__launch_files *last)
{
    int rc = share_cwd(launch, last);

    for (int stream = 0; stream < 3 && rc == 0; stream++)
        rc = share_stream(launch, stream, last);
    return rc;
}

int procspawn__launch_new(const procspawn_builder *builder, procspawn_function *function,
                          const json_t *argument, struct procspawn__launch **ret_launch)
{
    struct procspawn__launch *launch = malloc(sizeof *launch);

    if (!launch)
        return -ENOMEM;
    begin(launch, builder);
    int rc = keep_builder(&launch->builder);
    if (rc == 0)
        rc = has_pipe(&launch->builder) ? -EINVAL : describe(launch, builder, function, argument);
    if (rc == 0)
        rc = keep_argument(launch);
    if (rc == 0)
        *ret_launch = launch;
    else
        procspawn__launch_free(launch);
    return rc;
}

/* ---- the start ---- */

static void close_streams(struct procspawn__request *request)
{
    for (int i = 0; i < 3; i++) {
        if (request->owned[i])
            base__fd_close(request->stdio[i]);
        base__fd_close(request->pipes[i]);
        request->owned[i] = false;
        request->stdio[i] = request->pipes[i] = -1;
    }
    procspawn__capture_drop(request->capture);
    request->capture = NULL;
}

static int seal(struct procspawn__launch *launch)
{
    static const int64_t patience = 10 * BASE_SECOND;
    struct procspawn__request *request = &launch->request;

    if (launch->sealed)
        return 0;
    int rc = procspawn__streams_open(request, &launch->builder);
    if (rc == 0 && request->learning)
        rc = procspawn__learning_start(request->learning, base__deadline(patience));
    if (rc == 0)
        rc = procspawn__request_seal(request);
    launch->sealed = rc == 0;
    if (rc < 0)
        close_streams(request);
    return rc;
}

/* -EPIPE: the server is gone, or reads nothing; -ETIMEDOUT: the deadline has passed. */
static int tell_limit(const struct procspawn__launch *launch, enum wire_limit_kind kind,
                      int64_t until, int64_t length)
{
    if (!launch->may_wait)
        return launch->deadline <= base__now()
                   ? -ETIMEDOUT
                   : procspawn__client_try_limit(&launch->child, kind, until, length);
    if (procspawn__client_limit(&launch->child, kind, until, length, launch->deadline) == 0)
        return 0;
    return base__now() < launch->deadline ? -EPIPE : -ETIMEDOUT;
}

static int tell_limits(const struct procspawn__launch *launch)
{
    const struct procspawn__time_limits *limits = &launch->builder.time;
    int rc = 0;

    if (limits->total > 0)
        rc = tell_limit(launch, WIRE_LIMIT_TOTAL, launch->deadline, limits->total);
    if (rc == 0 && limits->run > 0)
        rc = tell_limit(launch, WIRE_LIMIT_RUN, procspawn__latest_end(limits->run), limits->run);
    return rc;
}

/* The server is told the limits before the call starts. */
static int send_call(struct procspawn__launch *launch)
{
    struct procspawn__request *request = &launch->request;
    int own_cwd = request->cwd;
    int rc = tell_limits(launch);

    if (rc < 0)
        return rc;
    if (launch->files.cwd)
        request->cwd = launch->files.cwd->fd;
    rc = procspawn__request_send(request, launch->child.channel);
    request->cwd = own_cwd;
    return rc;
}

static int get_child(struct procspawn__launch *launch)
{
    launch->has_child = procspawn__prepared_take(launch->preparation, &launch->child);
    if (launch->has_child)
        return 0;
    int rc = launch->may_wait ? procspawn__client_take(launch->deadline, &launch->child)
                              : procspawn__client_step(&launch->wanted, &launch->child);

    launch->has_child = rc == 0;
    return rc;
}

static void drop_child(struct procspawn__launch *launch)
{
    if (launch->has_child)
        base__fd_close(launch->child.channel);
    launch->has_child = false;
}

/* A spare may have died while it waited, then the next is taken; but not one after the other for
 * ever: a client has no more than this number in stock. */
static int hand_over(struct procspawn__launch *launch)
{
    enum { WAITING = 256 };
    int rc = -EPIPE;

    for (int i = 0; i < WAITING && rc == -EPIPE; i++) {
        if (!launch->has_child) {
            rc = get_child(launch);
            if (rc != 0)
                return rc;
        }
        rc = send_call(launch);
        if (rc == -EPIPE)
            drop_child(launch);
    }
    return rc == -EPIPE ? PROCSPAWN_ESERVER : rc;
}

static void become_handle(struct procspawn__launch *launch, struct procspawn__process *process)
{
    process->handle.called = launch->called;
    process->child = launch->child;
    process->limit = launch->builder.limit;
    launch->has_child = false;
    procspawn__streams_give(&launch->request, &process->handle);
    process->handle.learning = launch->request.learning;
    launch->request.learning = NULL;
    procspawn__learning_close(process->handle.learning);
}

int procspawn__launch_step(struct procspawn__launch *launch, procspawn_handle **ret_handle)
{
    int rc = procspawn__ready() ? 0 : PROCSPAWN_ENOTINIT;

    if (rc == 0)
        rc = seal(launch);
    if (rc < 0)
        return rc;
    procspawn__earlier_reap(0);
    struct procspawn__process *process = procspawn__process_new();
    if (!process)
        return -ENOMEM;
    rc = procspawn__handle_name(&process->handle, launch->builder.name);
    if (rc == 0)
        rc = hand_over(launch);
    if (rc == 0) {
        become_handle(launch, process);
        *ret_handle = &process->handle;
        procspawn__prepared_add(launch->preparation);
        launch->preparation = NULL;
    } else {
        procspawn_handle_free(&process->handle);
    }
    return rc;
}

int procspawn__launch_start(struct procspawn__launch *launch, procspawn_handle **ret_handle)
{
    launch->may_wait = true;
    int rc = procspawn__launch_step(launch, ret_handle);
    return rc == -ETIMEDOUT ? procspawn__refuse_late(launch->builder.time.total) : rc;
}

/* The sealed request stays as it is. */
void procspawn__launch_put_off(struct procspawn__launch *launch)
{
    procspawn__client_cancel_request(&launch->wanted);
    drop_child(launch);
}

/* ---- the end ---- */

void procspawn__launch_files_drop(struct procspawn__launch_files *files)
{
    procspawn__shared_fd_drop(files->cwd);
    for (int i = 0; i < 3; i++)
        procspawn__shared_fd_drop(files->stdio[i]);
    *files = (struct procspawn__launch_files){ 0 };
}

void procspawn__launch_files_forget(struct procspawn__launch_files *files)
{
    procspawn__shared_fd_forget(files->cwd);
    for (int i = 0; i < 3; i++)
        procspawn__shared_fd_forget(files->stdio[i]);
    *files = (struct procspawn__launch_files){ 0 };
}

void procspawn__launch_fini(struct procspawn__launch *launch)
{
    procspawn__launch_put_off(launch);
    procspawn__request_fini(&launch->request);
    procspawn__preparation_free(launch->preparation);
    procspawn__launch_files_drop(&launch->files);
}

void procspawn__launch_free(struct procspawn__launch *launch)
{
    if (!launch)
        return;
    procspawn__launch_fini(launch);
    free_copies(&launch->builder);
    free(launch);
}

void procspawn__launch_forget(struct procspawn__launch *launch)
{
    if (!launch)
        return;
    procspawn__request_forget(&launch->request);
    procspawn__preparation_free(launch->preparation);
    procspawn__launch_files_forget(&launch->files);
    free_copies(&launch->builder);
    free(launch);
}
