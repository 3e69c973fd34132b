/*
 * error_text.c - an error as text
 */
#include "src/base/visible_text.h"
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "src/error/report.h"
#include <errno.h>
#include <forkscope/error.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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
