/*
 * processes_output.c - what calls print, and that just this was captured of it
 */
#include "tests/random/processes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 28 };

/* What a call prints: lines to stdout, then others to stderr. */
struct printed {
    uint64_t number;
    uint64_t out, err;          /* lines */
};

static struct printed printed_by(enum work what, uint64_t number, uint64_t amount)
{
    if (what == WORK_PRINT)
        return (struct printed){ number, amount % 100, 0 };
    return what == WORK_FLOOD ? (struct printed){ number, amount, amount / 3 }
                              : (struct printed){ number, 0, 0 };
}

static void put_line(char line[LINE + 1], char stream, uint64_t number, uint64_t index)
{
    snprintf(line, LINE + 1, "%c %016" PRIx64 " %08" PRIx32 "\n", stream, number,
             (uint32_t)index);
}

static void print_lines(FILE *file, char stream, uint64_t number, uint64_t count)
{
    char line[LINE + 1];
    for (uint64_t i = 0; i < count; i++) {
        put_line(line, stream, number, i);
        fputs(line, file);
    }
}

void output_print(enum work what, uint64_t number, uint64_t amount)
{
    struct printed printed = printed_by(what, number, amount);
    print_lines(stdout, 'o', number, printed.out);
    fflush(stdout);
    print_lines(stderr, 'e', number, printed.err);
}

/* ---- what came of it ---- */

/* Both streams of a call, one after the other. */
struct stream {
    const struct printed *printed;
    bool out, err;
};

static uint64_t length_of(const struct stream *stream)
{
    return LINE * ((stream->out ? stream->printed->out : 0) +
                   (stream->err ? stream->printed->err : 0));
}

static void check_bytes(const struct stream *stream, uint64_t place, const char *bytes, size_t size)
{
    uint64_t first_err = stream->out ? stream->printed->out : 0;
    char line[LINE + 1];
    for (size_t i = 0; i < size;) {
        uint64_t index = (place + i) / LINE;
        size_t from = (size_t)((place + i) % LINE);
        size_t piece = LINE - from < size - i ? LINE - from : size - i;
        if (index < first_err)
            put_line(line, 'o', stream->printed->number, index);
        else
            put_line(line, 'e', stream->printed->number, index - first_err);
        EXPECT(memcmp(bytes + i, line + from, piece) == 0,
               "byte %" PRIu64 " of the output is another: %.*s", place + i, (int)piece, bytes + i);
        i += piece;
    }
}

/* The beginning, a line that counts what is missing, and the end. */
static void check_truncated(const struct stream *stream, const struct procspawn_output *output,
                            size_t limit)
{
    size_t head = limit / 2, tail = limit - head;
    char line[96];
    int length = snprintf(line, sizeof line, "%s[... %" PRIu64 " bytes are missing ...]\n",
                          head == 0 || output->data[head - 1] == '\n' ? "" : "\n",
                          output->total - limit);
    EXPECT(output->size == limit + (size_t)length, "%zu bytes kept of %" PRIu64 ", limit %zu",
           output->size, output->total, limit);
    EXPECT(memcmp(output->data + head, line, (size_t)length) == 0, "%.60s instead of %s",
           output->data + head, line);
    check_bytes(stream, 0, output->data, head);
    check_bytes(stream, output->total - tail, output->data + head + length, tail);
}

static void check_stream(const struct call *call, const struct stream *stream,
                         const struct procspawn_output *output)
{
    EXPECT(output->total <= length_of(stream) &&
               (output->total == length_of(stream) || !call->answered || call_may_be_cut(call)),
           "work %d has printed %" PRIu64 " bytes instead of %" PRIu64 ": %.200s", (int)call->work,
           output->total, length_of(stream), output->data != NULL ? output->data : "");
    if (board->weather.faults.memory > 0 && output->size == 0 && output->truncated)
        return;
    EXPECT(output->truncated == (output->total > call->capture), "%" PRIu64 " bytes, limit %zu",
           output->total, call->capture);
    EXPECT(output->data != NULL && output->data[output->size] == '\0', "no end of the output");
    if (output->truncated) {
        check_truncated(stream, output, call->capture);
        return;
    }
    EXPECT(output->size == output->total, "%zu bytes of %" PRIu64, output->size, output->total);
    check_bytes(stream, 0, output->data, output->size);
}

void output_check(const struct call *call, const struct procspawn_output *out,
                  const struct procspawn_output *err)
{
    struct printed printed = printed_by(call->work, call->number, call->amount);
    struct stream first = { &printed, true, call->merged };
    struct stream second = { &printed, false, !call->merged };
    if (call->capture == 0 || call->work == WORK_ASSERT || call_sanitizer_prints(call))
        return;
    check_stream(call, &first, out);
    check_stream(call, &second, err);
}

void output_check_captured(struct call *call)
{
    struct procspawn_output out, err;
    if (call->capture == 0)
        return;
    int rc = procspawn_captured_stdout(call->handle, &out);
    if (rc == 0)
        rc = procspawn_captured_stderr(call->handle, &err);
    EXPECT(rc == 0 || rc == -ENOMEM, "the captured output is refused: %d", rc);
    if (rc == 0)
        output_check(call, &out, &err);
}
