/*
 * handle.c - the public functions of a call handle, for all kinds of handles
 */
#include "src/call/handle.h"

#include "src/base/clock.h"
#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/base/process.h"
#include "src/call/capture.h"
#include "src/call/learning.h"
#include "src/call/outcome.h"
#include "src/error/error.h"
#include "src/error/printed.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/learn.h>
#include <forkscope/output.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

void procspawn__handle_init(procspawn_handle *handle, const struct procspawn__handle_kind *kind)
{
    *handle = (procspawn_handle){ .kind = kind, .owner = base__process(),
                                  .called = base__now(), .pipes = { -1, -1, -1 } };
}

static bool is_ours(const procspawn_handle *handle)
{
    return handle->owner == base__process();
}

static void free_texts(procspawn_handle *handle)
{
    for (int i = 0; i < 2; i++)
        free(handle->texts[i]);
}

/*
 * A process that has the other end can make close(2) wait for as long as it likes: it writes from
 * memory, or reads into memory, that does not come, and holds the lock of the pipe meanwhile.
 */
static void close_pipes(const procspawn_handle *handle)
{
    bool any = false;

    for (int i = 0; i < 3; i++) {
        int fd = base__fd_release(handle->pipes[i]);
        base__close_foreign(fd);
        any |= fd >= 0;
    }
    if (any)
        base__close_settle();
}

void procspawn__handle_fini(procspawn_handle *handle)
{
    close_pipes(handle);
    if (handle->outcome.state != PROCSPAWN__PENDING)
        procspawn__capture_end(handle->capture);
    procspawn__capture_drop(handle->capture);
    procspawn__learning_drop(handle->learning);
    free_texts(handle);
    procspawn__outcome_fini(&handle->outcome);
    free(handle->name);
}

int procspawn__handle_name(procspawn_handle *handle, const char *name)
{
    handle->name = name ? strdup(name) : NULL;
    return name && !handle->name ? -ENOMEM : 0;
}

static void add_captured(procspawn_handle *handle, procspawn_error *error, int64_t deadline)
{
    struct procspawn__capture *capture = procspawn__handle_capture(handle);
    char bytes[PROCSPAWN__PRINTED_MOST];
    const int64_t patience = base__deadline(BASE_SECOND / 10);
    uint64_t total;

    if (!capture)
        return;
    size_t length = procspawn__capture_last(capture, deadline < patience ? deadline : patience,
                                            bytes, sizeof bytes, &total);
    procspawn__capture_drop(capture);
    procspawn__error_add_printed(error, bytes, length, length < total);
}

void procspawn__handle_add_printed(procspawn_handle *handle, procspawn_error *error,
                                   int64_t deadline)
{
    int cancel;

    if (!procspawn__error_wants_printed(error))
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    if (handle->captured)
        add_captured(handle, error, deadline);
    else if (handle->piped)
        procspawn__error_add_unread(error);
    pthread_setcancelstate(cancel, NULL);
}

int procspawn__handle_take(procspawn_handle *handle, int64_t deadline, json_t **ret_result,
                           procspawn_error **ret_error)
{
    procspawn_error *error = NULL;
    int rc = procspawn__outcome_take(&handle->outcome, deadline, ret_result, &error);

    if (error)
        procspawn__error_set_name(error, handle->name);
    if (ret_error)
        procspawn__handle_add_printed(handle, error, deadline);
    procspawn__error_give(error, ret_error);
    return rc;
}

void procspawn__handle_forget(procspawn_handle *handle)
{
    for (int i = 0; i < 3; i++)
        handle->pipes[i] = -1;
    procspawn__capture_forget(handle->capture);
    procspawn__learning_forget(handle->learning);
    free_texts(handle);
    procspawn__outcome_forget(&handle->outcome);
    free(handle->name);
}

void procspawn_handle_free(procspawn_handle *handle)
{
    int cancel;

    if (!handle)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    if (is_ours(handle))
        handle->kind->drop(handle);
    else
        handle->kind->forget(handle);
    pthread_setcancelstate(cancel, NULL);
}

int procspawn_join_timeout(procspawn_handle *handle, int64_t timeout, json_t **ret_result,
                           procspawn_error **ret_error)
{
    int64_t deadline = base__deadline(timeout);
    int rc = is_ours(handle) ? handle->kind->answered(handle, timeout) : PROCSPAWN_ENOTOWNER;
    return rc < 0 ? rc : procspawn__handle_take(handle, deadline, ret_result, ret_error);
}

int procspawn_join(procspawn_handle *handle, json_t **ret_result, procspawn_error **ret_error)
{
    return procspawn_join_timeout(handle, -1, ret_result, ret_error);
}

int procspawn_wait_timeout(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage)
{
    return is_ours(handle) ? handle->kind->gone(handle, timeout, ret_usage) : PROCSPAWN_ENOTOWNER;
}

int procspawn_wait(procspawn_handle *handle, struct rusage *ret_usage)
{
    return procspawn_wait_timeout(handle, -1, ret_usage);
}

static int end(procspawn_handle *handle, int signal, int64_t grace, enum wire_end_cause cause)
{
    return is_ours(handle) ? handle->kind->end(handle, signal, grace, cause) : PROCSPAWN_ENOTOWNER;
}

int procspawn_terminate(procspawn_handle *handle, int signal, int64_t grace)
{
    if (signal <= 0 || signal >= NSIG || grace < 0)
        return -EINVAL;
    return end(handle, signal, grace, WIRE_ENDED_BY_TERMINATE);
}

int procspawn_kill(procspawn_handle *handle)
{
    return end(handle, SIGKILL, 0, WIRE_ENDED_BY_PROGRAM);
}

int procspawn_stacks(procspawn_handle *handle, int64_t timeout, procspawn_error **ret_report)
{
    procspawn_error *report = NULL;

    if (!is_ours(handle))
        return PROCSPAWN_ENOTOWNER;
    if (!handle->kind->stacks)
        return -ENOTSUP;
    int rc = handle->kind->stacks(handle, base__deadline(timeout), &report);
    if (rc < 0)
        return rc;
    procspawn__error_set_name(report, handle->name);
    *ret_report = report;
    return 0;
}

pid_t procspawn_pid(const procspawn_handle *handle)
{
    return is_ours(handle) ? handle->kind->pid(handle) : 0;
}

int procspawn_fd(const procspawn_handle *handle)
{
    return is_ours(handle) ? handle->kind->fd(handle) : -1;
}

static int pipe_of(const procspawn_handle *handle, int stream)
{
    return is_ours(handle) ? handle->pipes[stream] : -1;
}

int procspawn_stdin(const procspawn_handle *handle)
{
    return pipe_of(handle, 0);
}

int procspawn_stdout(const procspawn_handle *handle)
{
    return pipe_of(handle, 1);
}

int procspawn_stderr(const procspawn_handle *handle)
{
    return pipe_of(handle, 2);
}

static int take_pipe(procspawn_handle *handle, int stream)
{
    int fd = pipe_of(handle, stream);
    if (is_ours(handle))
        fd = base__fd_release(fd);
    handle->pipes[stream] = -1;
    return fd;
}

int procspawn_stdin_claim(procspawn_handle *handle)
{
    return take_pipe(handle, 0);
}

int procspawn_stdout_claim(procspawn_handle *handle)
{
    return take_pipe(handle, 1);
}

int procspawn_stderr_claim(procspawn_handle *handle)
{
    return take_pipe(handle, 2);
}

/* ---- captured output ---- */

struct procspawn__capture *procspawn__handle_capture(procspawn_handle *handle)
{
    return handle->kind->capture ? handle->kind->capture(handle)
                                 : procspawn__capture_ref(handle->capture);
}

static int read_output(procspawn_handle *handle, int stream, struct procspawn_output *ret_output)
{
    struct procspawn__capture *capture = procspawn__handle_capture(handle);
    char *text = NULL;

    if (!capture) {
        *ret_output = (struct procspawn_output){ .data = "" };
        return 0;
    }
    int rc = procspawn__capture_read(capture, stream, &text, ret_output);
    procspawn__capture_drop(capture);
    if (rc < 0)
        return rc;
    free(handle->texts[stream - 1]);
    handle->texts[stream - 1] = text;
    return 0;
}

int procspawn__handle_captured(procspawn_handle *handle, int stream,
                               struct procspawn_output *ret_output)
{
    int cancel;

    if (!is_ours(handle))
        return PROCSPAWN_ENOTOWNER;
    if (!handle->captured)
        return -ENODATA;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = read_output(handle, stream, ret_output);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

static int captured(procspawn_handle *handle, int stream, struct procspawn_output *ret_output)
{
    struct procspawn_output output;
    int rc = procspawn__handle_captured(handle, stream, &output);

    if (rc == 0)
        *ret_output = output;
    return rc;
}

int procspawn_captured_stdout(procspawn_handle *handle, struct procspawn_output *ret_output)
{
    return captured(handle, STDOUT_FILENO, ret_output);
}

int procspawn_captured_stderr(procspawn_handle *handle, struct procspawn_output *ret_output)
{
    return captured(handle, STDERR_FILENO, ret_output);
}

/* ---- what was learned ---- */

const struct procspawn__learning *procspawn__handle_learning(const procspawn_handle *handle)
{
    return handle->kind->learning ? handle->kind->learning(handle) : handle->learning;
}

int procspawn_learned(procspawn_handle *handle, procspawn_needs **ret_needs)
{
    if (!is_ours(handle))
        return PROCSPAWN_ENOTOWNER;
    return procspawn__learning_read(procspawn__handle_learning(handle), ret_needs);
}
