/*
 * error_text.c - accessors of an error, its printed text and its JSON form
 */
#include "src/base/system_call.h"
#include "src/base/visible_text.h"
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "src/error/report.h"
#include <errno.h>
#include <forkscope/error.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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
};

static const char *const limit_names[] = {
    [PROCSPAWN_LIMIT_NONE] = "none",
    [PROCSPAWN_LIMIT_RUN] = "run",
    [PROCSPAWN_LIMIT_TOTAL] = "total",
    [PROCSPAWN_LIMIT_QUEUE] = "queue",
    [PROCSPAWN_LIMIT_SCOPE] = "scope",
};

static const char *const owner_names[] = {
    [PROCSPAWN_FRAME_PROGRAM] = "program",
    [PROCSPAWN_FRAME_LIBRARY] = "library",
    [PROCSPAWN_FRAME_SYSTEM] = "system",
};

static const char *const source_names[] = {
    [PROCSPAWN_FRAME_CFI] = "cfi",
    [PROCSPAWN_FRAME_FP] = "fp",
    [PROCSPAWN_FRAME_SCAN] = "scan",
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

/* The trace if it tells of a system call; else NULL. */
static const struct backtrace *violation_of(const procspawn_error *error)
{
    return procspawn_error_is_violation(error) && error->trace && error->trace->violation
               ? error->trace : NULL;
}

long procspawn_error_syscall_number(const procspawn_error *error)
{
    const struct backtrace *trace = violation_of(error);
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
    const struct backtrace *trace = violation_of(error);

    if (index >= BASE_SYSTEM_CALL_ARGUMENTS)
        return -EINVAL;
    *ret_value = trace ? trace->call_argument[index] : 0;
    return 0;
}

const char *procspawn_error_path(const procspawn_error *error)
{
    const struct backtrace *trace = violation_of(error);
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

static int thread_of(const struct backtrace *trace, size_t index)
{
    uint32_t thread = 0;

    while (thread + 1 < trace->thread_count &&
           index >= (size_t)trace->thread[thread].first + trace->thread[thread].count)
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
    };
    return 0;
}

/* ---- as text ---- */

static void print_place(const procspawn_error *error, FILE *stream)
{
    if (error->file) {
        fputs(" at ", stream);
        base__print_visible(error->file, stream);
        fprintf(stream, ":%d", error->line);
    }
    if (error->function) {
        fputs(" in ", stream);
        base__print_visible(error->function, stream);
    }
}

static void print_first_line(const procspawn_error *error, FILE *stream)
{
    if (error->name) {
        base__print_visible(error->name, stream);
        fputs(": ", stream);
    }
    if (error->item != 0)
        fprintf(stream, "item %" PRIu64 ": ", error->item - 1);
    fputs(procspawn_error_kind_name(error->kind), stream);
    if (error->type) {
        fputs(" (", stream);
        base__print_visible(error->type, stream);
        fputc(')', stream);
    }
    fputs(": ", stream);
    base__print_visible(error->message, stream);
    print_place(error, stream);
    if (*procspawn_error_reason(error) != '\0') {
        fputs(": ", stream);
        base__print_visible(procspawn_error_reason(error), stream);
    }
    fputc('\n', stream);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_offset(const char *module, const struct procspawn_frame *frame, FILE *stream)
{
    base__print_visible(module, stream);
    fprintf(stream, "+0x%lx", (unsigned long)frame->offset);
}

/* For people: the function, and the module without its folder. */
static void print_short(const struct procspawn_frame *frame, size_t index, FILE *stream)
{
    fprintf(stream, "  #%-2zu ", index);
    if (frame->symbol)
        base__print_visible(frame->name, stream);
    if (frame->symbol && frame->module)
        fputs(" (", stream);
    if (frame->module)
        print_offset(file_name(frame->module), frame, stream);
    else if (!frame->symbol)
        fprintf(stream, "0x%lx", (unsigned long)frame->ip);
    if (frame->symbol && frame->module)
        fputc(')', stream);
    if (frame->source == PROCSPAWN_FRAME_SCAN)
        fputs(" ?", stream);
}

/* All that is known. */
static void print_long(const struct procspawn_frame *frame, size_t index, FILE *stream)
{
    fprintf(stream, "  #%-2zu 0x%016lx", index, (unsigned long)frame->ip);
    if (frame->symbol) {
        fputc(' ', stream);
        base__print_visible(frame->name, stream);
        fprintf(stream, "+0x%lx", (unsigned long)frame->symbol_offset);
    }
    if (frame->module) {
        fputs(" (", stream);
        print_offset(frame->module, frame, stream);
        fputc(')', stream);
    }
    if (frame->source == PROCSPAWN_FRAME_SCAN)
        fputs(" ?", stream);
    fputc('\n', stream);
}

/* Are frames missing between this one and the one before it? */
static bool is_cut(const procspawn_error *error, size_t index, int thread)
{
    const struct backtrace *trace = error->trace;
    const struct backtrace_thread *one = &trace->thread[thread];

    return (uint32_t)thread < trace->thread_count && one->cut > 0 &&
           index == (size_t)one->first + BACKTRACE_HEAD;
}

static void print_cut(const procspawn_error *error, int thread, FILE *stream)
{
    fprintf(stream, "      %u frames are left out\n", (unsigned)error->trace->thread[thread].cut);
}

static bool is_repeated(const struct procspawn_frame *frame, const struct procspawn_frame *before)
{
    return frame->ip == before->ip && frame->source == before->source;
}

static void end_line(size_t times, FILE *stream)
{
    if (times > 1)
        fprintf(stream, ", %zu times", times);
    if (times > 0)
        fputc('\n', stream);
}

/* The frames of the thread that failed: the program's, or those of any owner. */
static void print_failed_thread(const procspawn_error *error, bool any, FILE *stream)
{
    struct procspawn_frame frame, before = { .ip = 0 };
    size_t times = 0;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0 && frame.thread == 0; i++) {
        bool shown = any || frame.owner == PROCSPAWN_FRAME_PROGRAM;
        bool cut = is_cut(error, i, 0);

        if (times > 0 && shown && !cut && is_repeated(&frame, &before)) {
            times++;
            continue;
        }
        if (cut || shown) {
            end_line(times, stream);
            times = 0;
        }
        if (cut)
            print_cut(error, 0, stream);
        if (shown) {
            print_short(&frame, i, stream);
            before = frame;
            times = 1;
        }
    }
    end_line(times, stream);
}

/* "  thread 1: 4712 (loader) waits for ..." */
static void print_thread(size_t number, const struct procspawn_thread *thread, FILE *stream)
{
    fprintf(stream, "  thread %zu: %d (", number, thread->tid);
    base__print_visible(thread->name, stream);
    fputc(')', stream);
    if (*thread->waits != '\0') {
        fputc(' ', stream);
        base__print_visible(thread->waits, stream);
    }
    fputc('\n', stream);
}

/* Of a process that has not failed by itself. */
static void print_waiting(const procspawn_error *error, FILE *stream)
{
    struct procspawn_thread thread;

    if (procspawn_error_thread(error, 0, &thread) == 0 && *thread.waits != '\0')
        print_thread(0, &thread, stream);
}

static void print_missing(const procspawn_error *error, FILE *stream)
{
    int incomplete = procspawn_error_incomplete(error);

    if (procspawn_error_threads_cut(error) > 0)
        fprintf(stream, "  %zu more threads are left out\n", procspawn_error_threads_cut(error));
    if (incomplete != 0)
        fprintf(stream, "  report incomplete: %s\n", procspawn__incomplete_text(incomplete));
}

static bool has_program_frame(const procspawn_error *error)
{
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0 && frame.thread == 0; i++)
        if (frame.owner == PROCSPAWN_FRAME_PROGRAM)
            return true;
    return false;
}

int procspawn_error_print(const procspawn_error *error, FILE *stream)
{
    print_first_line(error, stream);
    print_waiting(error, stream);
    print_failed_thread(error, !has_program_frame(error), stream);
    print_missing(error, stream);
    return ferror(stream) ? -EIO : 0;
}

static void print_thread_frames(const procspawn_error *error, size_t number,
                                const struct procspawn_thread *thread, FILE *stream)
{
    struct procspawn_frame frame;

    for (size_t i = thread->first; i < thread->first + thread->count; i++) {
        if (procspawn_error_frame(error, i, &frame) != 0)
            return;
        if (is_cut(error, i, (int)number))
            print_cut(error, (int)number, stream);
        print_long(&frame, i, stream);
    }
}

static void print_registers(const procspawn_error *error, FILE *stream)
{
    enum { IN_A_LINE = 4 };
    const char *name;
    uint64_t value;
    size_t i = 0;

    for (; procspawn_error_register(error, i, &name, &value) == 0; i++)
        fprintf(stream, "%s%3s %016" PRIx64 "%s", i % IN_A_LINE ? "" : "  ", name, value,
                i % IN_A_LINE == IN_A_LINE - 1 ? "\n" : "  ");
    if (i % IN_A_LINE)
        fputc('\n', stream);
}

/* Returns the first thread with the same frames; the thread itself: there is none before it. */
static size_t first_alike(const procspawn_error *error, size_t number)
{
    const struct backtrace *trace = error->trace;
    const struct backtrace_thread *thread = &trace->thread[number];

    for (size_t i = 0; i < number; i++) {
        const struct backtrace_thread *other = &trace->thread[i];
        uint32_t same = 0;

        if (other->count != thread->count || other->cut != thread->cut)
            continue;
        while (same < thread->count &&
               trace->frame[other->first + same].ip == trace->frame[thread->first + same].ip)
            same++;
        if (same == thread->count)
            return i;
    }
    return number;
}

int procspawn_error_print_all(const procspawn_error *error, FILE *stream)
{
    struct procspawn_thread thread;

    print_first_line(error, stream);
    print_registers(error, stream);
    for (size_t i = 0; procspawn_error_thread(error, i, &thread) == 0; i++) {
        size_t alike = first_alike(error, i);

        print_thread(i, &thread, stream);
        if (alike != i)
            fprintf(stream, "  its frames are those of thread %zu\n", alike);
        else
            print_thread_frames(error, i, &thread, stream);
    }
    print_missing(error, stream);
    return ferror(stream) ? -EIO : 0;
}

/* ---- as JSON ---- */

/* A child's bytes may not be valid text; then the result is JSON null. */
static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    return value ? value : json_null();
}

static json_t *frame_json(const struct procspawn_frame *frame)
{
    return json_pack("{s:i, s:I, s:o, s:o, s:I, s:o, s:o, s:I, s:s, s:s}", "thread",
                     frame->thread, "ip", (json_int_t)frame->ip, "module",
                     text_or_null(frame->module), "build_id", text_or_null(frame->build_id),
                     "offset", (json_int_t)frame->offset, "symbol", text_or_null(frame->symbol),
                     "name", text_or_null(frame->name), "symbol_offset",
                     (json_int_t)frame->symbol_offset, "source", source_names[frame->source],
                     "owner", owner_names[frame->owner]);
}

static json_t *frames_json(const procspawn_error *error)
{
    json_t *frames = json_array();
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++)
        json_array_append_new(frames, frame_json(&frame));
    return frames;
}

static json_t *arguments_json(const procspawn_error *error)
{
    json_t *arguments = json_array();
    uint64_t value;

    for (unsigned i = 0; procspawn_error_syscall_argument(error, i, &value) == 0; i++)
        json_array_append_new(arguments, json_integer((json_int_t)value));
    return arguments;
}

static json_t *threads_json(const procspawn_error *error)
{
    json_t *threads = json_array();
    struct procspawn_thread thread;

    for (size_t i = 0; procspawn_error_thread(error, i, &thread) == 0; i++)
        json_array_append_new(
            threads, json_pack("{s:i, s:o, s:o, s:I, s:I, s:I, s:i}", "tid", thread.tid, "name",
                               text_or_null(thread.name), "waits", text_or_null(thread.waits),
                               "first", (json_int_t)thread.first, "count",
                               (json_int_t)thread.count, "cut", (json_int_t)thread.cut, "error",
                               thread.error));
    return threads;
}

/* A register has 64 bits, the numbers of JSON have a sign: they are hexadecimal text. */
static json_t *registers_json(const procspawn_error *error)
{
    json_t *registers = json_object();
    const char *name;
    uint64_t value;

    for (size_t i = 0; procspawn_error_register(error, i, &name, &value) == 0; i++)
        json_object_set_new(registers, name, json_sprintf("0x%" PRIx64, value));
    return registers;
}

static void set_if(json_t *object, const char *key, bool known, json_t *value)
{
    if (known)
        json_object_set_new(object, key, value);
    else
        json_decref(value);
}

json_t *procspawn_error_json(const procspawn_error *error)
{
    json_t *object = json_pack("{s:i, s:s, s:s, s:i, s:o}", "version", 1, "kind",
                               procspawn_error_kind_name(error->kind), "cause",
                               procspawn_error_cause_name(error->cause), "code", error->code,
                               "message", text_or_null(error->message));
    if (!object)
        return NULL;
    set_if(object, "signal", error->signal != 0, json_integer(error->signal));
    set_if(object, "exit_status", error->exit_status >= 0, json_integer(error->exit_status));
    set_if(object, "errno", error->error != 0, json_integer(error->error));
    set_if(object, "limit", error->limit != PROCSPAWN_LIMIT_NONE,
           json_string(limit_names[error->limit]));
    set_if(object, "index", error->item != 0, json_integer((json_int_t)error->item - 1));
    set_if(object, "name", error->name, text_or_null(error->name));
    set_if(object, "detail", error->detail, json_deep_copy(error->detail));
    set_if(object, "type", error->type, text_or_null(error->type));
    set_if(object, "file", error->file, text_or_null(error->file));
    set_if(object, "line", error->line != 0, json_integer(error->line));
    set_if(object, "function", error->function, text_or_null(error->function));
    set_if(object, "syscall", procspawn_error_syscall(error),
           text_or_null(procspawn_error_syscall(error)));
    set_if(object, "syscall_number", violation_of(error),
           json_integer(procspawn_error_syscall_number(error)));
    set_if(object, "syscall_arguments", violation_of(error), arguments_json(error));
    set_if(object, "path", procspawn_error_path(error), text_or_null(procspawn_error_path(error)));
    set_if(object, "reason", *procspawn_error_reason(error) != '\0',
           text_or_null(procspawn_error_reason(error)));
    set_if(object, "frames", procspawn_error_frame_count(error) > 0, frames_json(error));
    set_if(object, "threads", procspawn_error_thread_count(error) > 0, threads_json(error));
    set_if(object, "threads_cut", procspawn_error_threads_cut(error) > 0,
           json_integer((json_int_t)procspawn_error_threads_cut(error)));
    set_if(object, "registers", error->trace && error->trace->register_count > 0,
           registers_json(error));
    set_if(object, "incomplete", procspawn_error_incomplete(error) != 0,
           json_string(procspawn__incomplete_text(procspawn_error_incomplete(error))));
    return object;
}
