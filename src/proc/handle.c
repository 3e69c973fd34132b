/*
 * handle.c - what the caller holds of a call: its channel, and what came up it
 *
 * Messages are taken in whenever somebody waits. The order of the wire gives the order of truth: the
 * first answer of the child stands; without one, its death is the answer; without that, the server is
 * dead.
 */
#include "src/proc/handle.h"

#include "src/base/clock.h"
#include "src/wire/memfd.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

procspawn_handle *procspawn__handle_new(void)
{
    procspawn_handle *handle = calloc(1, sizeof *handle);

    if (handle) {
        handle->taken.channel = -1;
        handle->pipes[0] = handle->pipes[1] = handle->pipes[2] = -1;
    }
    return handle;
}

void procspawn_handle_free(procspawn_handle *handle)
{
    if (!handle)
        return;
    if (handle->taken.channel >= 0)
        close(handle->taken.channel);
    for (int i = 0; i < 3; i++) {
        if (handle->pipes[i] >= 0)
            close(handle->pipes[i]);
    }
    json_decref(handle->result);
    procspawn_error_free(handle->error);
    free(handle->trace);
    free(handle);
}

/* ---- messages ---- */

static void set_error(procspawn_handle *handle, procspawn_error *error)
{
    if (handle->outcome != PROCSPAWN__PENDING) {
        procspawn_error_free(error);
        return;
    }
    handle->outcome = PROCSPAWN__FAILED;
    handle->error = error;
}

static void set_result(procspawn_handle *handle, const void *text, size_t length)
{
    json_error_t error;
    json_t *result = procspawn__value_decode(text, length, &error);

    if (!result) {
        set_error(handle, procspawn__error_new(PROCSPAWN_ERROR_JSON, 0,
                                               "the result cannot be decoded: %s", error.text));
        return;
    }
    handle->outcome = PROCSPAWN__RESULT;
    handle->result = result;
}

static void on_result(procspawn_handle *handle, struct wire_frame *frame)
{
    struct wire_result head;
    const unsigned char *text = (const unsigned char *)frame->body + sizeof head;

    if (handle->outcome != PROCSPAWN__PENDING || frame->header.length < sizeof head)
        return;
    memcpy(&head, frame->body, sizeof head);
    if (!head.in_memfd) {
        set_result(handle, text, frame->header.length - sizeof head);
        return;
    }
    int memfd = wire__take_fd(frame, 0);
    int rc = wire__memfd_map(memfd, head.length, &text);
    if (memfd >= 0)
        close(memfd);
    if (rc < 0) {
        set_error(handle, procspawn__error_new(PROCSPAWN_ERROR_IO, -rc,
                                               "the result cannot be read"));
        return;
    }
    set_result(handle, text, head.length);
    munmap((void *)(uintptr_t)text, head.length);
}

static void on_failure(procspawn_handle *handle, const struct wire_frame *frame)
{
    if (handle->outcome != PROCSPAWN__PENDING)
        return;
    procspawn_error *error = procspawn__error_from_failure(frame->body, frame->header.length);
    if (error) {
        error->trace = handle->trace;
        handle->trace = NULL;
    }
    set_error(handle, error);
}

/* The report is the work of a process that read the child's memory: believed no more than the child. */
static void on_backtrace(procspawn_handle *handle, struct wire_frame *frame)
{
    unsigned char *bytes = malloc(BACKTRACE_BYTES);
    struct backtrace *trace = malloc(sizeof *trace);
    int memfd = wire__take_fd(frame, 0);
    ssize_t length = bytes ? pread(memfd, bytes, BACKTRACE_BYTES, 0) : -1;

    if (trace && length > 0 && !handle->trace &&
        procspawn__backtrace_decode(bytes, (size_t)length, trace) == 0) {
        handle->trace = trace;
        trace = NULL;
    }
    free(trace);
    free(bytes);
    if (memfd >= 0)
        close(memfd);
}

static void on_death(procspawn_handle *handle, const struct wire_frame *frame)
{
    memcpy(&handle->death, frame->body, sizeof handle->death);
    handle->reaped = handle->gone = true;
    if (handle->outcome != PROCSPAWN__PENDING)
        return;
    procspawn_error *error = procspawn__error_from_death(&handle->death, handle->trace);
    if (error)
        handle->trace = NULL;
    set_error(handle, error);
}

static void on_frame(procspawn_handle *handle, struct wire_frame *frame)
{
    bool from_server = frame->sender == handle->taken.server;

    if (frame->header.type == WIRE_RESULT)
        on_result(handle, frame);
    else if (frame->header.type == WIRE_FAILURE)
        on_failure(handle, frame);
    else if (frame->header.type == WIRE_BACKTRACE && from_server)
        on_backtrace(handle, frame);
    else if (frame->header.type == WIRE_DEATH && from_server &&
             frame->header.length == sizeof handle->death)
        on_death(handle, frame);
    wire__close_fds(frame);
}

static void on_end(procspawn_handle *handle)
{
    handle->gone = true;
    if (handle->outcome == PROCSPAWN__PENDING)
        set_error(handle, procspawn__error_new(PROCSPAWN_ERROR_SERVER_LOST, 0,
                                               "the fork server died, and the call with it"));
}

/* Takes in one message. Returns false if there is none now. */
static bool take_in(procspawn_handle *handle, void *body)
{
    struct wire_frame frame = { .body = body, .capacity = WIRE_MAX_BODY };
    int rc = wire__recv(handle->taken.channel, &frame, true);

    if (rc == 0)
        on_frame(handle, &frame);
    else if (rc == -EMFILE || rc == -ENOMEM || rc == -ENOBUFS)
        set_error(handle, procspawn__error_new(PROCSPAWN_ERROR_IO, -rc,
                                               "the result cannot be received"));
    else if (rc == -EPIPE)
        on_end(handle);
    return rc != -EAGAIN;
}

/* ---- waiting ---- */

typedef bool condition(const procspawn_handle *handle);

static bool answered(const procspawn_handle *handle)
{
    return handle->outcome != PROCSPAWN__PENDING;
}

static bool gone(const procspawn_handle *handle)
{
    return handle->gone;
}

static int take_in_until(procspawn_handle *handle, condition *reached)
{
    int cancel;
    void *body;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    body = malloc(WIRE_MAX_BODY);
    while (body && !reached(handle) && take_in(handle, body))
        continue;
    free(body);
    pthread_setcancelstate(cancel, NULL);
    return body ? 0 : -ENOMEM;
}

static int wait_until(procspawn_handle *handle, condition *reached, int64_t timeout)
{
    int64_t deadline = base__deadline(timeout);
    struct pollfd fd = { .fd = handle->taken.channel, .events = POLLIN };

    while (!reached(handle)) {
        int ready = poll(&fd, 1, base__poll_timeout(deadline));
        int rc = ready > 0 ? take_in_until(handle, reached) : 0;
        if (rc < 0)
            return rc;
        if (ready == 0 && base__now() >= deadline)
            return -ETIMEDOUT;
    }
    return 0;
}

/* ---- the public calls ---- */

static int give_error(procspawn_error *error, procspawn_error **ret_error)
{
    if (!error)
        return -ENOMEM;
    if (ret_error)
        *ret_error = error;
    else
        procspawn_error_free(error);
    return PROCSPAWN_ECALL;
}

static int consume(procspawn_handle *handle, json_t **ret_result, procspawn_error **ret_error)
{
    enum procspawn__outcome outcome = handle->outcome;

    handle->outcome = PROCSPAWN__CONSUMED;
    if (outcome == PROCSPAWN__CONSUMED)
        return give_error(procspawn__error_new(PROCSPAWN_ERROR_CONSUMED, 0,
                                               "the result has been joined before"), ret_error);
    if (outcome == PROCSPAWN__FAILED) {
        procspawn_error *error = handle->error;
        handle->error = NULL;
        return give_error(error, ret_error);
    }
    if (ret_result)
        *ret_result = handle->result;
    else
        json_decref(handle->result);
    handle->result = NULL;
    return 0;
}

int procspawn_join_timeout(procspawn_handle *handle, int64_t timeout, json_t **ret_result,
                           procspawn_error **ret_error)
{
    int rc = wait_until(handle, answered, timeout);
    return rc < 0 ? rc : consume(handle, ret_result, ret_error);
}

int procspawn_join(procspawn_handle *handle, json_t **ret_result, procspawn_error **ret_error)
{
    return procspawn_join_timeout(handle, -1, ret_result, ret_error);
}

static void usage_of(const struct wire_death *death, struct rusage *ret_usage)
{
    enum { MILLION = 1000000 };

    *ret_usage = (struct rusage){
        .ru_utime = { death->user_time / MILLION, death->user_time % MILLION },
        .ru_stime = { death->system_time / MILLION, death->system_time % MILLION },
        .ru_maxrss = death->max_rss,
        .ru_minflt = death->minor_faults,
        .ru_majflt = death->major_faults,
        .ru_nvcsw = death->voluntary_switches,
        .ru_nivcsw = death->involuntary_switches,
    };
}

int procspawn_wait(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage)
{
    int rc = wait_until(handle, gone, timeout);

    if (rc < 0)
        return rc;
    if (!handle->reaped)
        return PROCSPAWN_ESERVER;
    if (ret_usage)
        usage_of(&handle->death, ret_usage);
    return 0;
}

int procspawn_kill(procspawn_handle *handle)
{
    return procspawn__client_end_child(&handle->taken, SIGKILL, 0);
}

int procspawn_terminate(procspawn_handle *handle, int signal, int64_t grace)
{
    if (signal <= 0 || signal >= NSIG || grace < 0)
        return -EINVAL;
    return procspawn__client_end_child(&handle->taken, signal, grace);
}

pid_t procspawn_pid(const procspawn_handle *handle)
{
    return handle->taken.pid;
}

int procspawn_fd(const procspawn_handle *handle)
{
    return handle->taken.channel;
}

int procspawn_stdin(const procspawn_handle *handle)
{
    return handle->pipes[0];
}

int procspawn_stdout(const procspawn_handle *handle)
{
    return handle->pipes[1];
}

int procspawn_stderr(const procspawn_handle *handle)
{
    return handle->pipes[2];
}

static int take_pipe(procspawn_handle *handle, int stream)
{
    int fd = handle->pipes[stream];
    handle->pipes[stream] = -1;
    return fd;
}

int procspawn_stdin_take(procspawn_handle *handle)
{
    return take_pipe(handle, 0);
}

int procspawn_stdout_take(procspawn_handle *handle)
{
    return take_pipe(handle, 1);
}

int procspawn_stderr_take(procspawn_handle *handle)
{
    return take_pipe(handle, 2);
}
