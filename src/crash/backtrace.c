/*
 * backtrace.c - encoding and decoding of backtraces
 */
#include "src/crash/backtrace.h"

#include "src/base/utf8.h"

#include <errno.h>
#include <string.h>

/* "bt", version 6. */
static const uint32_t mark = 0x62740006;

/*
 * One pass over the fields serves both directions, so that they cannot diverge: encoding copies a
 * field to the bytes, decoding copies it back.
 */
struct cursor {
    unsigned char *out;
    const unsigned char *in;
    size_t left;
    bool failed;
};

static void field(struct cursor *cursor, void *value, size_t size)
{
    if (cursor->failed || cursor->left < size) {
        cursor->failed = true;
        return;
    }
    if (cursor->out) {
        memcpy(cursor->out, value, size);
        cursor->out += size;
    } else {
        memcpy(value, cursor->in, size);
        cursor->in += size;
    }
    cursor->left -= size;
}

static void u32(struct cursor *cursor, uint32_t *value)
{
    field(cursor, value, sizeof *value);
}

static void i32(struct cursor *cursor, int32_t *value)
{
    field(cursor, value, sizeof *value);
}

static void u64(struct cursor *cursor, uint64_t *value)
{
    field(cursor, value, sizeof *value);
}

static void count(struct cursor *cursor, uint32_t *value, uint32_t limit)
{
    u32(cursor, value);
    if (*value > limit)
        cursor->failed = true;
}

static void head(struct cursor *cursor, struct backtrace *trace)
{
    i32(cursor, &trace->error);
    i32(cursor, &trace->pid);
    count(cursor, &trace->cause, BACKTRACE_CAUSES - 1);
    i32(cursor, &trace->signo);
    i32(cursor, &trace->code);
    u64(cursor, &trace->address);
    count(cursor, &trace->stack_overflow, 1);
    count(cursor, &trace->said, BACKTRACE_SAIDS - 1);
    u32(cursor, &trace->message);
    u32(cursor, &trace->type);
    u32(cursor, &trace->printed);
    u32(cursor, &trace->last_printed);
    count(cursor, &trace->violation, 1);
    u64(cursor, &trace->call_number);
    for (int i = 0; i < 6; i++)
        u64(cursor, &trace->call_argument[i]);
    u32(cursor, &trace->call_path);
    u32(cursor, &trace->reason);
    u32(cursor, &trace->threads_cut);
    count(cursor, &trace->register_count, BACKTRACE_REGISTERS_MOST);
    for (uint32_t i = 0; !cursor->failed && i < trace->register_count; i++)
        u64(cursor, &trace->registers[i]);
    count(cursor, &trace->thread_count, BACKTRACE_THREADS);
    count(cursor, &trace->frame_count, BACKTRACE_FRAMES_ALL);
    u32(cursor, &trace->source_frame);
    u32(cursor, &trace->source_first);
    count(cursor, &trace->source_count, BACKTRACE_SOURCE);
    for (int i = 0; i < BACKTRACE_SOURCE; i++)
        u32(cursor, &trace->source[i]);
    count(cursor, &trace->string_bytes, BACKTRACE_STRINGS);
}

static void thread(struct cursor *cursor, struct backtrace_thread *thread)
{
    i32(cursor, &thread->tid);
    i32(cursor, &thread->error);
    u32(cursor, &thread->name);
    u32(cursor, &thread->first);
    count(cursor, &thread->count, BACKTRACE_FRAMES + BACKTRACE_INLINED);
    u32(cursor, &thread->cut);
    u32(cursor, &thread->cut_at);
    u32(cursor, &thread->waits);
    i32(cursor, &thread->waits_for);
}

static void frame(struct cursor *cursor, struct backtrace_frame *frame)
{
    u64(cursor, &frame->ip);
    u64(cursor, &frame->offset);
    u64(cursor, &frame->symbol_offset);
    u32(cursor, &frame->module);
    u32(cursor, &frame->symbol);
    u32(cursor, &frame->name);
    u32(cursor, &frame->build_id);
    count(cursor, &frame->found, BACKTRACE_FOUNDS - 1);
    count(cursor, &frame->owner, BACKTRACE_OWNERS - 1);
    u32(cursor, &frame->file);
    count(cursor, &frame->line, INT32_MAX);
    count(cursor, &frame->inlined, 1);
}

static void whole(struct cursor *cursor, struct backtrace *trace)
{
    uint32_t seen = mark;

    u32(cursor, &seen);
    if (seen != mark)
        cursor->failed = true;
    head(cursor, trace);
    for (uint32_t i = 0; !cursor->failed && i < trace->thread_count; i++)
        thread(cursor, &trace->thread[i]);
    for (uint32_t i = 0; !cursor->failed && i < trace->frame_count; i++)
        frame(cursor, &trace->frame[i]);
    if (!cursor->failed)
        field(cursor, trace->strings, trace->string_bytes);
}

static bool thread_in_range(const struct backtrace *trace, const struct backtrace_thread *thread)
{
    return thread->name < trace->string_bytes && thread->waits < trace->string_bytes &&
           thread->first <= trace->frame_count &&
           thread->count <= trace->frame_count - thread->first &&
           thread->cut_at <= thread->count;
}

static bool frame_in_range(const struct backtrace *trace, const struct backtrace_frame *frame)
{
    return frame->module < trace->string_bytes && frame->symbol < trace->string_bytes &&
           frame->name < trace->string_bytes && frame->build_id < trace->string_bytes &&
           frame->file < trace->string_bytes;
}

/* What is not ASCII may be UTF-8 or not: who shows a string judges that. */
static bool is_printable(unsigned char c)
{
    return (c >= ' ' && c != 0x7f) || c == '\n' || c == '\t';
}

/*
 * The pool begins with the empty string and ends in NUL, so any position below its size is a
 * string.
 */
static bool pool_is_sound(const struct backtrace *trace)
{
    if (trace->string_bytes == 0 || trace->strings[0] || trace->strings[trace->string_bytes - 1])
        return false;
    for (uint32_t i = 0; i < trace->string_bytes; i++)
        if (trace->strings[i] && !is_printable((unsigned char)trace->strings[i]))
            return false;
    return true;
}

static bool source_in_range(const struct backtrace *trace)
{
    if (trace->source_count > 0 && (trace->source_frame >= trace->frame_count ||
                                    trace->source_first > INT32_MAX))
        return false;
    for (int i = 0; i < BACKTRACE_SOURCE; i++)
        if (trace->source[i] >= trace->string_bytes)
            return false;
    return true;
}

static bool in_range(const struct backtrace *trace)
{
    if (!pool_is_sound(trace) || trace->message >= trace->string_bytes ||
        trace->type >= trace->string_bytes || trace->printed >= trace->string_bytes ||
        trace->last_printed >= trace->string_bytes || trace->call_path >= trace->string_bytes ||
        trace->reason >= trace->string_bytes)
        return false;
    for (uint32_t i = 0; i < trace->thread_count; i++)
        if (!thread_in_range(trace, &trace->thread[i]))
            return false;
    for (uint32_t i = 0; i < trace->frame_count; i++)
        if (!frame_in_range(trace, &trace->frame[i]))
            return false;
    return source_in_range(trace);
}

void crash__backtrace_init(struct backtrace *trace)
{
    memset(trace, 0, offsetof(struct backtrace, thread));
    trace->strings[0] = '\0';
    trace->string_bytes = 1;
}

enum { TEXT_MOST = 8192 };    /* longer texts are cut */

/* Returns the length of what is put into the pool. */
static size_t clean(const char *text, size_t limit, bool lines, char ret_text[TEXT_MOST])
{
    size_t length = strnlen(text, limit < TEXT_MOST ? limit : TEXT_MOST);

    memcpy(ret_text, text, length);
    base__make_utf8(ret_text, length);
    for (size_t i = 0; i < length && !lines; i++)
        if (ret_text[i] == '\n' || ret_text[i] == '\t')
            ret_text[i] = '?';
    return length;
}

static uint32_t intern(struct backtrace *trace, const char *text, size_t limit, bool lines)
{
    char cleaned[TEXT_MOST];
    size_t length = clean(text, limit, lines, cleaned);
    uint32_t position = trace->string_bytes;

    if (length == 0)
        return 0;
    for (uint32_t at = 1; at < trace->string_bytes; at += (uint32_t)strlen(trace->strings + at) + 1)
        if (strncmp(trace->strings + at, cleaned, length) == 0 &&
            trace->strings[at + length] == '\0')
            return at;
    if (length + 1 > BACKTRACE_STRINGS - position)
        return 0;
    memcpy(trace->strings + position, cleaned, length);
    trace->strings[position + length] = '\0';
    trace->string_bytes += (uint32_t)length + 1;
    return position;
}

uint32_t crash__backtrace_intern(struct backtrace *trace, const char *text, size_t limit)
{
    return intern(trace, text, limit, false);
}

uint32_t crash__backtrace_intern_lines(struct backtrace *trace, const char *text, size_t limit)
{
    return intern(trace, text, limit, true);
}

const char *crash__backtrace_string(const struct backtrace *trace, uint32_t position)
{
    return trace->strings + position;
}

long crash__backtrace_encode(const struct backtrace *trace, unsigned char *bytes, size_t room)
{
    struct cursor cursor = {.out = bytes, .left = room};

    /* Encoding only reads the fields; the cast drops const. */
    whole(&cursor, (struct backtrace *)(uintptr_t)trace);
    return cursor.failed ? -ENOBUFS : (long)(room - cursor.left);
}

int crash__backtrace_decode(const unsigned char *bytes, size_t size, struct backtrace *ret_trace)
{
    struct cursor cursor = {.in = bytes, .left = size};

    crash__backtrace_init(ret_trace);
    whole(&cursor, ret_trace);
    if (cursor.failed || cursor.left || !in_range(ret_trace))
        return -EBADMSG;
    return 0;
}

/* The reader may read at any time, so the length is not 0 only while the bytes are complete. */
void crash__backtrace_put_brief(const struct backtrace *trace, struct backtrace_brief *ret_brief)
{
    long length;

    __atomic_store_n(&ret_brief->length, 0, __ATOMIC_RELEASE);
    length = crash__backtrace_encode(trace, ret_brief->bytes, sizeof ret_brief->bytes);
    if (length > 0)
        __atomic_store_n(&ret_brief->length, (uint32_t)length, __ATOMIC_RELEASE);
}

int crash__backtrace_get_brief(const struct backtrace_brief *brief, struct backtrace *ret_trace)
{
    uint32_t length = brief->length;

    if (length > sizeof brief->bytes)
        return -EBADMSG;
    return crash__backtrace_decode(brief->bytes, length, ret_trace);
}
