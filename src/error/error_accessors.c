/*
 * error_accessors.c - what an error tells of itself
 */
#include "src/base/system_call.h"
#include "src/crash/backtrace.h"
#include "src/error/death.h"
#include "src/error/error.h"
#include <errno.h>
#include <forkscope/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static const char *const kind_names[] = {
    [PROCSPAWN_ERROR_JSON] = "json",
    [PROCSPAWN_ERROR_IO] = "io",
    [PROCSPAWN_ERROR_PANIC] = "panic",
    [PROCSPAWN_ERROR_REMOTE_CLOSE] = "remote_close",
    [PROCSPAWN_ERROR_CANCELLED] = "cancelled",
    [PROCSPAWN_ERROR_TIMED_OUT] = "timed_out",
    [PROCSPAWN_ERROR_CONSUMED] = "consumed",
    [PROCSPAWN_ERROR_SETUP] = "setup",
    [PROCSPAWN_ERROR_SERVER_LOST] = "server_lost",
    [PROCSPAWN_ERROR_FAILED] = "failed",
    [PROCSPAWN_ERROR_RUNNING] = "running",
};

static const char *const cause_names[] = {
    [PROCSPAWN_CAUSE_NONE] = "none",
    [PROCSPAWN_CAUSE_SIGNAL] = "signal",
    [PROCSPAWN_CAUSE_EXIT] = "exit",
    [PROCSPAWN_CAUSE_KILLED] = "killed",
    [PROCSPAWN_CAUSE_TIME_LIMIT] = "time_limit",
    [PROCSPAWN_CAUSE_OUT_OF_MEMORY] = "out_of_memory",
    [PROCSPAWN_CAUSE_STACK_OVERFLOW] = "stack_overflow",
    [PROCSPAWN_CAUSE_ASSERT] = "assert",
    [PROCSPAWN_CAUSE_SANDBOX] = "sandbox",
    [PROCSPAWN_CAUSE_EXCEPTION] = "exception",
    [PROCSPAWN_CAUSE_SANITIZER] = "sanitizer",
};

const char *procspawn_error_kind_name(enum procspawn_error_kind kind)
{
    return (size_t)kind < sizeof kind_names / sizeof kind_names[0] ? kind_names[kind] : "unknown";
}

const char *procspawn_error_cause_name(enum procspawn_cause cause)
{
    return (size_t)cause < sizeof cause_names / sizeof cause_names[0] ? cause_names[cause]
                                                                     : "unknown";
}

enum procspawn_error_kind procspawn_error_kind(const procspawn_error *error)
{
    return error->kind;
}

bool procspawn_error_is_panic(const procspawn_error *error)
{
    return error->kind == PROCSPAWN_ERROR_PANIC;
}

bool procspawn_error_is_cancellation(const procspawn_error *error)
{
    return error->kind == PROCSPAWN_ERROR_CANCELLED;
}

bool procspawn_error_is_timeout(const procspawn_error *error)
{
    return error->kind == PROCSPAWN_ERROR_TIMED_OUT;
}

bool procspawn_error_is_remote_close(const procspawn_error *error)
{
    return error->kind == PROCSPAWN_ERROR_REMOTE_CLOSE;
}

bool procspawn_error_is_failure(const procspawn_error *error)
{
    return error->kind == PROCSPAWN_ERROR_FAILED;
}

enum procspawn_cause procspawn_error_cause(const procspawn_error *error)
{
    return error->cause;
}

int procspawn_error_signal(const procspawn_error *error)
{
    return error->signal;
}

int procspawn_error_exit_status(const procspawn_error *error)
{
    return error->exit_status;
}

int procspawn_error_errno(const procspawn_error *error)
{
    return error->error;
}

int procspawn_error_code(const procspawn_error *error)
{
    return error->code;
}

const json_t *procspawn_error_detail(const procspawn_error *error)
{
    return error->detail;
}

const char *procspawn_error_type(const procspawn_error *error)
{
    return error->type;
}

enum procspawn_limit procspawn_error_limit(const procspawn_error *error)
{
    return error->limit;
}

int64_t procspawn_error_index(const procspawn_error *error)
{
    return (int64_t)error->item - 1;
}

const char *procspawn_error_name(const procspawn_error *error)
{
    return error->name ? error->name : "";
}

const char *procspawn_error_message(const procspawn_error *error)
{
    return error->message;
}

const char *procspawn_error_file(const procspawn_error *error)
{
    return error->file;
}

int procspawn_error_line(const procspawn_error *error)
{
    return error->line;
}

const char *procspawn_error_function(const procspawn_error *error)
{
    return error->function;
}

bool procspawn_error_is_violation(const procspawn_error *error)
{
    return error->cause == PROCSPAWN_CAUSE_SANDBOX;
}

const struct backtrace *procspawn__error_violation(const procspawn_error *error)
{
    return procspawn_error_is_violation(error) && error->trace && error->trace->violation
               ? error->trace : NULL;
}

long procspawn_error_syscall_number(const procspawn_error *error)
{
    const struct backtrace *trace = procspawn__error_violation(error);
    return trace ? (long)trace->call_number : -1;
}

const char *procspawn_error_syscall(const procspawn_error *error)
{
    const struct base__system_call *call =
        base__system_call(procspawn_error_syscall_number(error));
    return call ? call->name : NULL;
}

int procspawn_error_syscall_argument(const procspawn_error *error, unsigned index,
                                     uint64_t *ret_value)
{
    const struct backtrace *trace = procspawn__error_violation(error);

    if (index >= BASE_SYSTEM_CALL_ARGUMENTS)
        return -EINVAL;
    *ret_value = trace ? trace->call_argument[index] : 0;
    return 0;
}

const char *procspawn_error_path(const procspawn_error *error)
{
    const struct backtrace *trace = procspawn__error_violation(error);
    return trace ? procspawn__error_path_of(trace) : NULL;
}

size_t procspawn_error_frame_count(const procspawn_error *error)
{
    return error->trace ? error->trace->frame_count : 0;
}

static enum procspawn_frame_source source_of(uint32_t found)
{
    if (found == BACKTRACE_SCAN)
        return PROCSPAWN_FRAME_SCAN;
    return found == BACKTRACE_FP || found == BACKTRACE_RETURN ? PROCSPAWN_FRAME_FP
                                                              : PROCSPAWN_FRAME_CFI;
}

static enum procspawn_frame_owner owner_of(uint32_t owner)
{
    if (owner == BACKTRACE_SYSTEM)
        return PROCSPAWN_FRAME_SYSTEM;
    return owner == BACKTRACE_LIBRARY ? PROCSPAWN_FRAME_LIBRARY : PROCSPAWN_FRAME_PROGRAM;
}

/* The first of those that share it. */
static int thread_of(const struct backtrace *trace, size_t index)
{
    uint32_t thread = 0;

    while (thread + 1 < trace->thread_count &&
           (index < trace->thread[thread].first ||
            index - trace->thread[thread].first >= trace->thread[thread].count))
        thread++;
    return (int)thread;
}

static const char *string_or_null(const struct backtrace *trace, uint32_t position)
{
    const char *string = crash__backtrace_string(trace, position);
    return *string != '\0' ? string : NULL;
}

int procspawn_error_frame(const procspawn_error *error, size_t index,
                          struct procspawn_frame *ret_frame)
{
    if (index >= procspawn_error_frame_count(error))
        return -EINVAL;
    const struct backtrace_frame *frame = &error->trace->frame[index];
    const char *symbol = string_or_null(error->trace, frame->symbol);
    const char *name = string_or_null(error->trace, frame->name);
    *ret_frame = (struct procspawn_frame){
        .ip = (uintptr_t)frame->ip,
        .module = string_or_null(error->trace, frame->module),
        .build_id = string_or_null(error->trace, frame->build_id),
        .offset = frame->offset,
        .symbol = symbol,
        .name = name ? name : symbol,
        .symbol_offset = frame->symbol_offset,
        .thread = thread_of(error->trace, index),
        .source = source_of(frame->found),
        .owner = owner_of(frame->owner),
        .file = string_or_null(error->trace, frame->file),
        .line = (int)frame->line,
        .inlined = frame->inlined != 0,
    };
    return 0;
}
