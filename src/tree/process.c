/*
 * process.c - a process, or a call of a pool, as a child of a scope
 *
 * A leaf task supervises it (supervisor.h), so the rules of tasks apply to it. The handle gets the
 * outcome from that task.
 */
#include "src/tree/process.h"

#include "src/base/clock.h"
#include "src/call/capture.h"
#include "src/call/handle.h"
#include "src/call/outcome.h"
#include "src/call/spawn.h"
#include "src/pool/spawn.h"
#include "src/scope/wait_points.h"
#include "src/wire/protocol.h"
#include "src/tree/scoped_process.h"
#include "src/tree/supervisor.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <forkscope/notify.h>
#include <forkscope/tree.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>

/* The handle; see src/call/handle.h for the other kinds. */
struct scoped_handle {
    procspawn_handle handle;
    struct scoped_process *shared;
};

static struct scoped_process *shared_of(const procspawn_handle *handle)
{
    return ((const struct scoped_handle *)(const void *)handle)->shared;
}

/*
 * Waits until the flag *so is set. The event alone does not prove it: the program may have closed
 * the eventfd.
 */
static int wait_until(struct scoped_process *shared, const bool *so, int event, int64_t deadline)
{
    for (;;) {
        procspawn__scoped_process_enter(shared);
        bool reached = *so;
        procspawn__scoped_process_leave(shared);
        if (reached)
            return 0;
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        int rc = scoped__wait_event(event, deadline);
        if (rc < 0)
            return rc;
    }
}

static int scoped_answered(procspawn_handle *handle, int64_t timeout)
{
    struct scoped_process *shared = shared_of(handle);

    if (handle->outcome.state != PROCSPAWN__PENDING)
        return 0;
    int rc = wait_until(shared, &shared->passed_on, shared->answered, base__deadline(timeout));
    if (rc < 0)
        return rc;
    procspawn__scoped_process_enter(shared);
    handle->outcome = shared->outcome;
    shared->outcome = (struct procspawn__outcome){ .state = PROCSPAWN__CONSUMED };
    procspawn__scoped_process_leave(shared);
    return 0;
}

static int scoped_gone(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage)
{
    struct scoped_process *shared = shared_of(handle);

    if (ret_usage && shared->process->kind->pooled)
        return -ENOTSUP;
    int rc = wait_until(shared, &shared->has_gone, shared->gone, base__deadline(timeout));

    if (rc < 0)
        return rc;
    procspawn__scoped_process_enter(shared);
    rc = shared->gone_status;
    if (rc == 0 && ret_usage)
        *ret_usage = shared->usage;
    procspawn__scoped_process_leave(shared);
    return rc;
}

static int scoped_end(procspawn_handle *handle, int signal, int64_t grace,
                      enum wire_end_cause cause)
{
    procspawn_handle *process = shared_of(handle)->process;
    return process->kind->end(process, signal, grace, cause);
}

static int scoped_try_kill(procspawn_handle *handle)
{
    procspawn_handle *process = shared_of(handle)->process;
    return process->kind->try_kill(process);
}

static pid_t scoped_pid(const procspawn_handle *handle)
{
    const procspawn_handle *process = shared_of(handle)->process;
    return process->kind->pid(process);
}

static int scoped_fd(const procspawn_handle *handle)
{
    return shared_of(handle)->answered;
}

static void scoped_drop(procspawn_handle *handle)
{
    procspawn__scoped_process_drop(shared_of(handle));
    procspawn__handle_fini(handle);
    free(handle);
}

/* In a child by fork(2). The shared state is not freed: the parent's leaf task was using it. */
static void scoped_forget(procspawn_handle *handle)
{
    procspawn__handle_forget(handle);
    free(handle);
}

static struct procspawn__capture *scoped_capture(procspawn_handle *handle)
{
    return procspawn__handle_capture(shared_of(handle)->process);
}

static const struct procspawn__learning *scoped_learning(const procspawn_handle *handle)
{
    return procspawn__handle_learning(shared_of(handle)->process);
}

static const struct procspawn__handle_kind kind = {
    .answered = scoped_answered,
    .gone = scoped_gone,
    .end = scoped_end,
    .try_kill = scoped_try_kill,
    .pid = scoped_pid,
    .fd = scoped_fd,
    .drop = scoped_drop,
    .forget = scoped_forget,
    .capture = scoped_capture,
    .learning = scoped_learning,
};

/* ---- start ---- */

static struct scoped_handle *scoped_new(const procspawn_builder *builder)
{
    struct scoped_handle *scoped = calloc(1, sizeof *scoped);

    if (!scoped)
        return NULL;
    scoped->shared = procspawn__scoped_process_new(builder);
    if (!scoped->shared) {
        free(scoped);
        return NULL;
    }
    procspawn__handle_init(&scoped->handle, &kind);
    return scoped;
}

/* 0, or the error with which its events could not be made. */
static int events_of(const struct scoped_process *shared)
{
    if (shared->answered < 0)
        return shared->answered;
    return shared->gone < 0 ? shared->gone : 0;
}

static void take_streams(struct scoped_handle *scoped)
{
    for (int i = 0; i < 3; i++) {
        scoped->handle.pipes[i] = scoped->shared->process->pipes[i];
        scoped->shared->process->pipes[i] = -1;
    }
    scoped->handle.captured = scoped->shared->process->captured;
    scoped->handle.piped = scoped->shared->process->piped;
}

int procspawn__scoped_new(const procspawn_builder *builder, procspawn_handle **ret_handle)
{
    struct scoped_handle *scoped = scoped_new(builder);

    if (!scoped)
        return -ENOMEM;
    int rc = events_of(scoped->shared);
    if (rc == 0)
        *ret_handle = &scoped->handle;
    else
        scoped_drop(&scoped->handle);
    return rc;
}

int procspawn__scoped_adopt(procspawn_handle *handle, scoped_spawner spawner,
                            procspawn_handle *call)
{
    struct scoped_handle *scoped = (struct scoped_handle *)(void *)handle;

    handle->called = call->called;
    scoped->shared->process = call;
    int rc = procspawn__supervisor_start(scoped->shared, spawner, NULL);
    if (rc == 0)
        take_streams(scoped);
    else
        scoped->shared->process = NULL;
    return rc;
}

static int start_process(const struct procspawn_call_options *options,
                         procspawn_function *function, json_t *argument,
                         procspawn_handle **ret_process)
{
    return options->pool ? procspawn__pool_spawn(options->pool, options, function, argument,
                                                 ret_process)
                         : procspawn__spawn(options, function, argument, ret_process);
}

/* Starts the process, then its leaf task. If the task cannot be started the process is ended. */
static int start(struct scoped_handle *scoped, scoped_spawner spawner,
                 const struct procspawn_call_options *options, procspawn_function *function,
                 json_t *argument, struct scoped_parent_signals *ret_signals)
{
    struct scoped_process *shared = scoped->shared;
    int rc = events_of(shared);

    if (rc < 0)
        return rc;
    rc = start_process(options, function, argument, &shared->process);
    if (rc < 0)
        return rc;
    take_streams(scoped);
    rc = procspawn__supervisor_start(shared, spawner, ret_signals);
    if (rc < 0)
        procspawn__supervisor_end(shared);
    return rc;
}

/* Waits for room in the scope before it starts the process: the leaf task has to follow at once. */
int procspawn__scoped_start(scoped_spawner spawner, const struct procspawn_call_options *options,
                            procspawn_function *function, json_t *argument,
                            procspawn_handle **ret_handle,
                            struct scoped_parent_signals *ret_signals)
{
    int cancel;
    int rc = scoped_scope_wait_room_until(spawner, SCOPED_FOREVER);

    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    struct scoped_handle *scoped = scoped_new(options->builder);
    rc = scoped ? start(scoped, spawner, options, function, argument, ret_signals) : -ENOMEM;
    if (rc == 0 && ret_handle)
        *ret_handle = &scoped->handle;
    else if (scoped)
        scoped_drop(&scoped->handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int scoped_procspawn_with_signal(scoped_spawner spawner, procspawn_builder *builder,
                                 procspawn_function *function, json_t *argument,
                                 procspawn_handle **ret_handle,
                                 struct scoped_parent_signals *ret_signals)
{
    const struct procspawn_call_options options = { .builder = builder };
    return procspawn__scoped_start(spawner, &options, function, argument, ret_handle, ret_signals);
}

int scoped_procspawn(scoped_spawner spawner, procspawn_builder *builder,
                     procspawn_function *function, json_t *argument,
                     procspawn_handle **ret_handle)
{
    return scoped_procspawn_with_signal(spawner, builder, function, argument, ret_handle, NULL);
}
