/*
 * error_text.c - an error as text
 */
#include "src/base/visible_text.h"
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "src/error/printed.h"
#include "src/error/report.h"
#include "src/error/style.h"
#include <errno.h>
#include <forkscope/error.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

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
    procspawn__style_begin(stream, PROCSPAWN__STYLE_ERROR);
    fputs(procspawn_error_kind_name(error->kind), stream);
    procspawn__style_end(stream);
    if (error->type && error->kind == PROCSPAWN_ERROR_FAILED) {
        fputs(" (", stream);
        base__print_visible(error->type, stream);
        fputc(')', stream);
    }
    fputs(": ", stream);
    base__print_visible(error->message, stream);
    print_place(error, stream);
    /* The message of a violation has said all of it. */
    if (*procspawn_error_reason(error) != '\0' && !error->unexamined &&
        error->cause != PROCSPAWN_CAUSE_SANDBOX) {
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

static void print_line(const char *file, int line, FILE *stream)
{
    fputs(" at ", stream);
    base__print_visible(file, stream);
    fprintf(stream, ":%d", line);
}

/* For people: the function, its place, and the module without its folder. */
static void print_short(const struct procspawn_frame *frame, size_t index, FILE *stream)
{
    bool known = frame->symbol || frame->file;

    fprintf(stream, "  #%-2zu ", index);
    if (known)
        base__print_visible(frame->symbol ? frame->name : "?", stream);
    if (frame->file)
        print_line(file_name(frame->file), frame->line, stream);
    if (frame->inlined)
        fputs(" (inlined)", stream);
    else if (known && frame->module)
        fputs(" (", stream);
    if (frame->module && !frame->inlined)
        print_offset(file_name(frame->module), frame, stream);
    else if (!known)
        fprintf(stream, "0x%lx", (unsigned long)frame->ip);
    if (known && frame->module && !frame->inlined)
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
        if (!frame->inlined)
            fprintf(stream, "+0x%lx", (unsigned long)frame->symbol_offset);
    }
    if (frame->file)
        print_line(frame->file, frame->line, stream);
    if (frame->inlined)
        fputs(" (inlined)", stream);
    if (frame->module && !frame->inlined) {
        fputs(" (", stream);
        print_offset(frame->module, frame, stream);
        fputc(')', stream);
    }
    if (frame->source == PROCSPAWN_FRAME_SCAN)
        fputs(" ?", stream);
    fputc('\n', stream);
}

/* Below the frame that they are about. */
static void print_source(const procspawn_error *error, size_t index, FILE *stream)
{
    struct procspawn_frame frame;
    const char *text;
    int line;

    if (procspawn_error_source_count(error) == 0 || procspawn_error_source_frame(error) != index ||
        procspawn_error_frame(error, index, &frame) != 0)
        return;
    for (size_t i = 0; procspawn_error_source(error, i, &line, &text) == 0; i++) {
        if (line == frame.line)
            procspawn__style_begin(stream, PROCSPAWN__STYLE_LINE);
        fprintf(stream, "     %c %4d  ", line == frame.line ? '>' : ' ', line);
        base__print_visible(text, stream);
        if (line == frame.line)
            procspawn__style_end(stream);
        fputc('\n', stream);
    }
}

/* Are frames missing between this one and the one before it? */
static bool is_cut(const struct procspawn_thread *thread, size_t index)
{
    return thread->cut > 0 && index == thread->first + thread->cut_at;
}

static void print_cut(const struct procspawn_thread *thread, FILE *stream)
{
    fprintf(stream, "      %zu frames are left out\n", thread->cut);
}

static bool is_repeated(const struct procspawn_frame *frame, const struct procspawn_frame *before)
{
    return frame->ip == before->ip && frame->source == before->source &&
           frame->inlined == before->inlined && frame->symbol == before->symbol;
}

static void end_line(size_t times, FILE *stream)
{
    if (times > 1)
        fprintf(stream, ", %zu times", times);
    if (times > 0)
        fputc('\n', stream);
}

static bool has_program_frame(const procspawn_error *error, const struct procspawn_thread *thread)
{
    struct procspawn_frame frame;

    for (size_t i = thread->first; i < thread->first + thread->count; i++)
        if (procspawn_error_frame(error, i, &frame) == 0 && frame.owner == PROCSPAWN_FRAME_PROGRAM)
            return true;
    return false;
}

/* The line of a frame that is printed last, which may come again. */
struct last_line {
    struct procspawn_frame frame;
    size_t index;
    size_t times;    /* 0: there is none */
};

static void end_frame(const procspawn_error *error, struct last_line *last, FILE *stream)
{
    if (last->times == 0)
        return;
    end_line(last->times, stream);
    print_source(error, last->index, stream);
    last->times = 0;
}

/* The frames of a thread: the program's, or those of any owner if it has none of these. */
static void print_program_frames(const procspawn_error *error,
                                 const struct procspawn_thread *thread, FILE *stream)
{
    struct last_line last = { .times = 0 };
    struct procspawn_frame frame;
    bool any = !has_program_frame(error, thread);

    for (size_t i = thread->first; i < thread->first + thread->count; i++) {
        if (procspawn_error_frame(error, i, &frame) != 0)
            break;
        bool shown = any || frame.owner == PROCSPAWN_FRAME_PROGRAM;
        bool cut = is_cut(thread, i);

        if (last.times > 0 && shown && !cut && is_repeated(&frame, &last.frame)) {
            last.times++;
            continue;
        }
        if (cut || shown)
            end_frame(error, &last, stream);
        if (cut)
            print_cut(thread, stream);
        if (shown) {
            print_short(&frame, i, stream);
            last = (struct last_line){ frame, i, 1 };
        }
    }
    end_frame(error, &last, stream);
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

/* Returns the number of the thread with this id, or the count of threads. */
static size_t thread_with(const procspawn_error *error, int tid)
{
    struct procspawn_thread thread;
    size_t number = 0;

    while (procspawn_error_thread(error, number, &thread) == 0 && thread.tid != tid)
        number++;
    return number;
}

/* Who holds what the thread waits for, who holds what that one waits for, and so on. */
static void print_holders(const procspawn_error *error, const struct procspawn_thread *waiting,
                          FILE *stream)
{
    enum { MOST = 8 };
    struct procspawn_thread thread = *waiting;
    size_t seen[MOST] = { 0 }, count = 1;

    while (thread.waits_for != 0 && count < MOST) {
        size_t number = thread_with(error, thread.waits_for);

        for (size_t i = 0; i < count; i++)
            if (seen[i] == number)
                return;
        if (procspawn_error_thread(error, number, &thread) != 0)
            return;
        print_thread(number, &thread, stream);
        print_program_frames(error, &thread, stream);
        seen[count++] = number;
    }
}

/* The thread that failed; of a process that has not failed by itself, what it waits for. */
static void print_first_thread(const procspawn_error *error, FILE *stream)
{
    struct procspawn_thread thread;

    if (procspawn_error_thread(error, 0, &thread) != 0)
        return;
    if (*thread.waits != '\0')
        print_thread(0, &thread, stream);
    print_program_frames(error, &thread, stream);
    print_holders(error, &thread, stream);
}

static void print_missing(const procspawn_error *error, FILE *stream)
{
    int incomplete = procspawn_error_incomplete(error);

    if (procspawn_error_threads_cut(error) > 0)
        fprintf(stream, "  %zu more threads are left out\n", procspawn_error_threads_cut(error));
    if (incomplete == 0 && !error->unexamined)
        return;
    procspawn__style_begin(stream, PROCSPAWN__STYLE_MISSING);
    if (incomplete != 0)
        fprintf(stream, "  report incomplete: %s\n", procspawn__incomplete_text(incomplete));
    if (error->unexamined)
        fprintf(stream, "  no report: %s\n", procspawn_error_reason(error));
    procspawn__style_end(stream);
}

int procspawn_error_print(const procspawn_error *error, FILE *stream)
{
    print_first_line(error, stream);
    print_first_thread(error, stream);
    procspawn__print_last_lines(error, stream);
    print_missing(error, stream);
    return ferror(stream) ? -EIO : 0;
}

static void print_all_frames(const procspawn_error *error, const struct procspawn_thread *thread,
                             FILE *stream)
{
    struct procspawn_frame frame;

    for (size_t i = thread->first; i < thread->first + thread->count; i++) {
        if (procspawn_error_frame(error, i, &frame) != 0)
            return;
        if (is_cut(thread, i))
            print_cut(thread, stream);
        print_long(&frame, i, stream);
        print_source(error, i, stream);
    }
    if (thread->cut > 0 && thread->count == 0)
        print_cut(thread, stream);
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

static bool are_alike(const struct procspawn_thread *one, const struct procspawn_thread *other)
{
    return one->count > 0 && one->count == other->count && one->first == other->first;
}

/* Does a thread before this one have the same frames? */
static bool is_alike(const procspawn_error *error, const struct procspawn_thread *thread,
                     size_t number)
{
    struct procspawn_thread other;

    for (size_t i = 0; i < number && procspawn_error_thread(error, i, &other) == 0; i++)
        if (are_alike(&other, thread))
            return true;
    return false;
}

/* The line of a thread, those of all with the same frames, and these. */
static void print_group(const procspawn_error *error, size_t number,
                        const struct procspawn_thread *thread, FILE *stream)
{
    struct procspawn_thread other;

    print_thread(number, thread, stream);
    for (size_t i = number + 1; procspawn_error_thread(error, i, &other) == 0; i++)
        if (are_alike(thread, &other))
            print_thread(i, &other, stream);
    print_all_frames(error, thread, stream);
}

/* "  used: 0.250 s of user time, 0.012 s of system time, 3120 KiB of memory at most" */
static void print_usage(const procspawn_error *error, FILE *stream)
{
    struct rusage usage;

    if (procspawn_error_usage(error, &usage) != 0)
        return;
    fprintf(stream, "  used: %ld.%03ld s of user time, %ld.%03ld s of system time, "
            "%ld KiB of memory at most\n", (long)usage.ru_utime.tv_sec,
            (long)usage.ru_utime.tv_usec / 1000, (long)usage.ru_stime.tv_sec,
            (long)usage.ru_stime.tv_usec / 1000, usage.ru_maxrss);
}

int procspawn_error_print_all(const procspawn_error *error, FILE *stream)
{
    struct procspawn_thread thread;

    print_first_line(error, stream);
    print_usage(error, stream);
    procspawn__print_finding(error, stream);
    print_registers(error, stream);
    for (size_t i = 0; procspawn_error_thread(error, i, &thread) == 0; i++)
        if (!is_alike(error, &thread, i))
            print_group(error, i, &thread, stream);
    procspawn__print_printed(error, stream);
    print_missing(error, stream);
    return ferror(stream) ? -EIO : 0;
}
