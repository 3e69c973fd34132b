/*
 * ring.c - what one stream printed: the beginning, and the end in a ring
 */
#include "src/call/ring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX = 64 };         /* the line that stands for missing bytes */

static size_t head_of(const struct procspawn__ring_view *view)
{
    return view->limit / 2;
}

static size_t tail_of(const struct procspawn__ring_view *view)
{
    return view->limit - head_of(view);
}

/* ---- the writer ---- */

/* Writes bytes that belong into the ring, of which the first is number `place` of the stream. */
static void put_tail(const struct procspawn__ring_view *view, uint64_t place,
                     const unsigned char *bytes, size_t length)
{
    size_t tail = tail_of(view);
    size_t skipped = length > tail ? length - tail : 0;

    while (skipped < length) {
        size_t at = (size_t)((place + skipped - head_of(view)) % tail);
        size_t piece = length - skipped < tail - at ? length - skipped : tail - at;
        memcpy(view->bytes + head_of(view) + at, bytes + skipped, piece);
        skipped += piece;
    }
}

void procspawn__ring_put(const struct procspawn__ring_view *view, const void *bytes, size_t length)
{
    uint64_t total = __atomic_load_n(&view->ring->total, __ATOMIC_RELAXED);
    size_t head = head_of(view);
    size_t first = 0;

    __atomic_store_n(&view->ring->begun, total + length, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (total < head) {
        first = head - (size_t)total < length ? head - (size_t)total : length;
        memcpy(view->bytes + total, bytes, first);
    }
    put_tail(view, total + first, (const unsigned char *)bytes + first, length - first);
    __atomic_store_n(&view->ring->total, total + length, __ATOMIC_RELEASE);
}

/* ---- a reader ---- */

/* A copy of bytes: those from `from` to `to` of the stream. */
struct tail {
    uint64_t from, to;
    char *bytes;
};

/* Where the byte is, and how many follow it there. */
static unsigned char *find_byte(const struct procspawn__ring_view *view, uint64_t place,
                                size_t *ret_length)
{
    size_t head = head_of(view), size = tail_of(view);

    if (place < head) {
        *ret_length = head - (size_t)place;
        return view->bytes + place;
    }
    size_t at = (size_t)((place - head) % size);
    *ret_length = size - at;
    return view->bytes + head + at;
}

static void copy_tail(const struct procspawn__ring_view *view, struct tail *tail)
{
    for (uint64_t place = tail->from; place < tail->to;) {
        size_t left = (size_t)(tail->to - place), piece;
        const unsigned char *bytes = find_byte(view, place, &piece);

        piece = left < piece ? left : piece;
        memcpy(tail->bytes + (place - tail->from), bytes, piece);
        place += piece;
    }
}

/* Drops bytes that the writer may have overwritten while they were copied. */
static void keep_whole(const struct procspawn__ring_view *view, struct tail *tail)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t begun = __atomic_load_n(&view->ring->begun, __ATOMIC_RELAXED);
    uint64_t whole = begun > tail_of(view) ? begun - tail_of(view) : 0;

    if (whole <= tail->from || whole <= head_of(view))
        return;
    if (whole > tail->to)
        whole = tail->to;
    memmove(tail->bytes, tail->bytes + (whole - tail->from), (size_t)(tail->to - whole));
    tail->from = whole;
}

/* A writer that is faster than this reader may leave nothing whole: then it is tried again. */
static uint64_t read_tail(const struct procspawn__ring_view *view, struct tail *tail)
{
    enum { TRIES = 20 };
    uint64_t total = 0;

    for (int i = 0; i < TRIES; i++) {
        total = __atomic_load_n(&view->ring->total, __ATOMIC_ACQUIRE);
        tail->to = total > head_of(view) ? total : head_of(view);
        tail->from = tail->to - head_of(view) > tail_of(view) ? tail->to - tail_of(view)
                                                              : head_of(view);
        copy_tail(view, tail);
        keep_whole(view, tail);
        if (tail->to == head_of(view) || tail->from < tail->to)
            break;
    }
    return total;
}

size_t procspawn__ring_last(const struct procspawn__ring_view *view, char *ret_bytes, size_t room,
                            uint64_t *ret_total)
{
    enum { TRIES = 20 };
    struct tail tail = { .bytes = ret_bytes };

    for (int i = 0; i < TRIES; i++) {
        uint64_t total = __atomic_load_n(&view->ring->total, __ATOMIC_ACQUIRE);
        uint64_t kept = total <= view->limit ? total : tail_of(view);
        tail.to = *ret_total = total;
        tail.from = total - (kept < room ? kept : room);
        copy_tail(view, &tail);
        keep_whole(view, &tail);
        if (total == 0 || tail.from < tail.to)
            break;
    }
    return (size_t)(tail.to - tail.from);
}

/* Writes the line that stands for the missing bytes. Returns its length. */
static size_t put_line(char *text, size_t length, uint64_t missing)
{
    const char *before = length == 0 || text[length - 1] == '\n' ? "" : "\n";
    int written = snprintf(text + length, LINE_MAX, "%s[... %" PRIu64 " bytes are missing ...]\n",
                           before, missing);

    return (size_t)written;
}

int procspawn__ring_read(const struct procspawn__ring_view *view, char **ret_text,
                         struct procspawn_output *ret_output)
{
    size_t head = head_of(view);
    char *text = malloc(view->limit + LINE_MAX + 1);

    if (!text) {
        uint64_t printed = __atomic_load_n(&view->ring->total, __ATOMIC_ACQUIRE);
        *ret_output = (struct procspawn_output){ "", 0, printed, printed > 0 };
        return -ENOMEM;
    }
    struct tail tail = { .bytes = text + head + LINE_MAX };
    uint64_t total = read_tail(view, &tail);
    size_t size = total < head ? (size_t)total : head;
    uint64_t missing = tail.from - head;
    memcpy(text, view->bytes, size);
    if (missing > 0)
        size += put_line(text, size, missing);
    memmove(text + size, tail.bytes, (size_t)(tail.to - tail.from));
    size += (size_t)(tail.to - tail.from);
    text[size] = '\0';
    char *fitting = realloc(text, size + 1);
    *ret_text = fitting ? fitting : text;
    *ret_output = (struct procspawn_output){ *ret_text, size, total, missing > 0 };
    return 0;
}
