/*
 * error_json.c - an error as a JSON object
 */
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "src/error/report.h"
#include <forkscope/error.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

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

/* A child's bytes may not be valid text; then the result is JSON null. */
static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    return value ? value : json_null();
}

static json_t *frame_json(const struct procspawn_frame *frame)
{
    return json_pack("{s:i, s:I, s:o, s:o, s:I, s:o, s:o, s:I, s:s, s:s, s:o, s:i, s:b}", "thread",
                     frame->thread, "ip", (json_int_t)frame->ip, "module",
                     text_or_null(frame->module), "build_id", text_or_null(frame->build_id),
                     "offset", (json_int_t)frame->offset, "symbol", text_or_null(frame->symbol),
                     "name", text_or_null(frame->name), "symbol_offset",
                     (json_int_t)frame->symbol_offset, "source", source_names[frame->source],
                     "owner", owner_names[frame->owner], "file", text_or_null(frame->file),
                     "line", frame->line, "inlined", frame->inlined);
}

static json_t *frames_json(const procspawn_error *error)
{
    json_t *frames = json_array();
    struct procspawn_frame frame;

    for (size_t i = 0; procspawn_error_frame(error, i, &frame) == 0; i++)
        json_array_append_new(frames, frame_json(&frame));
    return frames;
}

static json_t *source_json(const procspawn_error *error)
{
    json_t *lines = json_array();
    const char *text;
    int line;

    for (size_t i = 0; procspawn_error_source(error, i, &line, &text) == 0; i++)
        json_array_append_new(lines, json_pack("{s:i, s:o}", "line", line, "text",
                                               text_or_null(text)));
    return lines;
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
            threads, json_pack("{s:i, s:o, s:o, s:i, s:I, s:I, s:I, s:I, s:i}", "tid", thread.tid,
                               "name", text_or_null(thread.name), "waits",
                               text_or_null(thread.waits), "waits_for", thread.waits_for, "first",
                               (json_int_t)thread.first, "count", (json_int_t)thread.count, "cut",
                               (json_int_t)thread.cut, "cut_at", (json_int_t)thread.cut_at,
                               "error", thread.error));
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

static json_t *usage_json(const struct rusage *usage)
{
    const double million = 1e6;

    return json_pack("{s:f, s:f, s:I, s:I, s:I, s:I, s:I}", "user_time",
                     (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / million,
                     "system_time",
                     (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / million,
                     "max_rss", (json_int_t)usage->ru_maxrss, "minor_faults",
                     (json_int_t)usage->ru_minflt, "major_faults", (json_int_t)usage->ru_majflt,
                     "voluntary_switches", (json_int_t)usage->ru_nvcsw, "involuntary_switches",
                     (json_int_t)usage->ru_nivcsw);
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
    set_if(object, "syscall_number", procspawn__error_violation(error),
           json_integer(procspawn_error_syscall_number(error)));
    set_if(object, "syscall_arguments", procspawn__error_violation(error), arguments_json(error));
    set_if(object, "path", procspawn_error_path(error), text_or_null(procspawn_error_path(error)));
    set_if(object, "reason", *procspawn_error_reason(error) != '\0',
           text_or_null(procspawn_error_reason(error)));
    set_if(object, "sanitizer", procspawn_error_sanitizer(error),
           text_or_null(procspawn_error_sanitizer(error)));
    set_if(object, "stderr", error->printed, text_or_null(error->printed));
    set_if(object, "usage", error->used, usage_json(&error->usage));
    set_if(object, "frames", procspawn_error_frame_count(error) > 0, frames_json(error));
    set_if(object, "source", procspawn_error_source_count(error) > 0, source_json(error));
    set_if(object, "source_frame", procspawn_error_source_count(error) > 0,
           json_integer((json_int_t)procspawn_error_source_frame(error)));
    set_if(object, "threads", procspawn_error_thread_count(error) > 0, threads_json(error));
    set_if(object, "threads_cut", procspawn_error_threads_cut(error) > 0,
           json_integer((json_int_t)procspawn_error_threads_cut(error)));
    set_if(object, "registers", error->trace && error->trace->register_count > 0,
           registers_json(error));
    set_if(object, "incomplete", procspawn_error_incomplete(error) != 0,
           json_string(procspawn__incomplete_text(procspawn_error_incomplete(error))));
    return object;
}
