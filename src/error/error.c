/*
 * error.c - makes error values: from a message, from a code, from what a child reports
 */
#include "src/error/error.h"

#include "src/base/refusal.h"
#include "src/crash/backtrace.h"
#include "src/image/function.h"
#include "src/value/failure.h"
#include "src/wire/codec.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

procspawn_error *procspawn__error_blank(enum procspawn_error_kind kind)
{
    procspawn_error *error = calloc(1, sizeof *error);

    if (error) {
        error->kind = kind;
        error->code = PROCSPAWN_ECALL;
        error->exit_status = -1;
    }
    return error;
}

int procspawn__error_say(procspawn_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vasprintf(&error->message, format, arguments);
    va_end(arguments);
    if (n < 0)
        error->message = NULL;
    return n < 0 ? -ENOMEM : 0;
}

procspawn_error *procspawn__error_whole(procspawn_error *error)
{
    if (error && !error->message) {
        procspawn_error_free(error);
        return NULL;
    }
    return error;
}

int procspawn__error_number(int rc)
{
    enum { ERRNO_MAX = 4095 };
    return rc < -ERRNO_MAX ? rc : -rc;
}

procspawn_error *procspawn__error_new(enum procspawn_error_kind kind, int error_number,
                                      const char *format, ...)
{
    procspawn_error *error = procspawn__error_blank(kind);
    va_list arguments;

    if (!error)
        return NULL;
    error->error = error_number;
    va_start(arguments, format);
    if (vasprintf(&error->message, format, arguments) < 0)
        error->message = NULL;
    va_end(arguments);
    return procspawn__error_whole(error);
}

void procspawn_error_free(procspawn_error *error)
{
    if (!error || error->fixed)
        return;
    free(error->name);
    free(error->message);
    free(error->file);
    free(error->function);
    free(error->type);
    free(error->printed);
    json_decref(error->detail);
    free(error->trace);
    free(error);
}

static char *copy(const char *string)
{
    return string ? strdup(string) : NULL;
}

static struct backtrace *copy_trace(const struct backtrace *trace)
{
    struct backtrace *same = trace ? malloc(sizeof *same) : NULL;

    if (same)
        *same = *trace;
    return same;
}

/* Fails only without memory for the message. Other fields become NULL without memory. */
procspawn_error *procspawn__error_copy(const procspawn_error *error)
{
    procspawn_error *same = error ? procspawn__error_blank(error->kind) : NULL;

    if (!same)
        return NULL;
    *same = *error;
    same->fixed = false;
    same->name = copy(error->name);
    same->message = copy(error->message);
    same->file = copy(error->file);
    same->function = copy(error->function);
    same->type = copy(error->type);
    same->printed = copy(error->printed);
    same->finding = same->printed && error->finding
                        ? same->printed + (error->finding - error->printed) : NULL;
    json_incref(same->detail);
    same->trace = copy_trace(error->trace);
    return procspawn__error_whole(same);
}

/* ---- of calls without an outcome ---- */

static char no_memory[] = "no memory could be had";
static char was_cancelled[] = "the calling task was cancelled, and the call with it";

static procspawn_error not_made_without_memory = {
    .kind = PROCSPAWN_ERROR_SETUP, .code = -ENOMEM, .error = ENOMEM, .exit_status = -1,
    .message = no_memory, .fixed = true,
};
static procspawn_error lost_without_memory = {
    .kind = PROCSPAWN_ERROR_IO, .code = PROCSPAWN_ECALL, .error = ENOMEM, .exit_status = -1,
    .message = no_memory, .fixed = true,
};
static procspawn_error cancelled = {
    .kind = PROCSPAWN_ERROR_CANCELLED, .code = -ECANCELED, .error = ECANCELED, .exit_status = -1,
    .message = was_cancelled, .fixed = true,
};

procspawn_error *procspawn__error_of_code(int rc)
{
    if (rc == -ECANCELED)
        return &cancelled;
    procspawn_error *error = procspawn__error_new(PROCSPAWN_ERROR_SETUP,
                                                  procspawn__error_number(rc), "%s",
                                                  forkscope_strerror(rc));
    if (!error)
        return &not_made_without_memory;
    error->code = rc;
    return error;
}

procspawn_error *procspawn__error_of_start(int rc, procspawn_function *function)
{
    procspawn_error *error = procspawn__error_of_code(rc);
    char reason[PATH_MAX + 128];

    if (error->fixed)
        return error;
    if (rc == -ETIMEDOUT) {
        error->kind = PROCSPAWN_ERROR_TIMED_OUT;
        error->limit = PROCSPAWN_LIMIT_QUEUE;
    }
    if (rc == PROCSPAWN_EFUNCTION)
        procspawn__function_refusal(function, reason, sizeof reason);
    else if (!base__refusal_take(rc, reason, sizeof reason))
        return error;
    char *message = strdup(reason);
    if (message) {
        free(error->message);
        error->message = message;
    }
    return error;
}

procspawn_error *procspawn__error_of_loss(int rc)
{
    procspawn_error *error = procspawn__error_new(PROCSPAWN_ERROR_IO, procspawn__error_number(rc),
                                                  "the result cannot be received: %s",
                                                  forkscope_strerror(rc));
    return error ? error : &lost_without_memory;
}

procspawn_error *procspawn__error_of_unreadable(int rc, const char *detail)
{
    if (rc == PROCSPAWN_EJSON || rc == PROCSPAWN_ELIMIT)
        return procspawn__error_new(PROCSPAWN_ERROR_JSON, rc == PROCSPAWN_ELIMIT ? rc : 0,
                                    "the result cannot be decoded: %s", detail);
    return procspawn__error_new(PROCSPAWN_ERROR_IO, procspawn__error_number(rc),
                                "the result cannot be read: %s", forkscope_strerror(rc));
}

void procspawn__error_set_index(procspawn_error *error, size_t index)
{
    if (error && !error->fixed)
        error->item = (uint64_t)index + 1;
}

/* ---- from what the child reported ---- */

static procspawn_error *garbage(void)
{
    return procspawn__error_new(PROCSPAWN_ERROR_IO, EPROTO,
                                "the process sent something that is no result");
}

procspawn_error *procspawn__error_from_failure(const unsigned char *body, size_t length)
{
    static const enum procspawn_error_kind kinds[] = {
        [WIRE_FAILURE_PANIC] = PROCSPAWN_ERROR_PANIC,
        [WIRE_FAILURE_JSON] = PROCSPAWN_ERROR_JSON,
        [WIRE_FAILURE_SETUP] = PROCSPAWN_ERROR_SETUP,
        [WIRE_FAILURE_IO] = PROCSPAWN_ERROR_IO,
    };
    struct wire_reader r = { .bytes = body, .length = length };
    struct wire_failure head;

    wire__get_bytes(&r, &head, sizeof head);
    const char *message = wire__get_string(&r);
    const char *file = wire__get_string(&r);
    const char *function = wire__get_string(&r);
    if (r.broken || head.kind < WIRE_FAILURE_PANIC || head.kind > WIRE_FAILURE_IO || !message)
        return garbage();
    procspawn_error *error = procspawn__error_new(kinds[head.kind], head.error, "%s", message);
    if (!error)
        return NULL;
    error->line = head.line;
    error->file = copy(file);
    error->function = copy(function);
    if ((!file || error->file) && (!function || error->function))
        return error;
    procspawn_error_free(error);
    return NULL;
}

procspawn_error *procspawn__error_from_value(const json_t *value)
{
    struct procspawn__failure failure;
    int rc = procspawn__failure_unpack(value, &failure);

    if (rc < 0)
        return rc == -EPROTO ? garbage() : NULL;
    procspawn_error *error = procspawn__error_blank(PROCSPAWN_ERROR_FAILED);
    if (!error) {
        procspawn__failure_fini(&failure);
        return NULL;
    }
    error->message = failure.message;
    error->file = failure.file;
    error->line = failure.line;
    error->function = failure.function;
    error->type = failure.type;
    error->detail = failure.detail;
    return error;
}

void procspawn__error_set_name(procspawn_error *error, const char *name)
{
    if (!name || error->fixed)
        return;
    free(error->name);
    error->name = strdup(name);
}

procspawn_error *procspawn__error_of_running(struct backtrace *trace)
{
    procspawn_error *report = procspawn__error_new(PROCSPAWN_ERROR_RUNNING, 0, "the process runs");

    if (report) {
        report->code = 0;
        report->trace = trace;
    }
    return report;
}
