/*
 * beside.c - acts upon what goes beside a result: attachments, failures, printed output, and the
 * memory of a map's chunk
 */
#include "tests/hostile/act.h"

#include "src/base/clock.h"
#include "src/child/reply.h"
#include "src/child/standing.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/standing.h"
#include "tests/hostile/raw.h"
#include "tests/hostile/settings.h"
#include <forkscope/bytes.h>
#include <forkscope/call.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20, ATTACHED = 8 };

/* ---- attachments ---- */

/* Nearly what was announced, or far from it. */
static uint64_t some_length(struct random *random, uint64_t right)
{
    static const uint64_t lengths[] = { 0, 1, UINT64_MAX, UINT64_MAX / 2, (uint64_t)1 << 40 };

    if (random_one_in(random, 2))
        return right;
    return random_one_in(random, 2) ? right + random_below(random, 17) - 8
                                    : lengths[random_below(random, 5)];
}

static size_t write_text(struct random *random, char *text, size_t room, unsigned count)
{
    size_t length = (size_t)snprintf(text, room, "[");

    for (unsigned i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, room - length,
                                   "%s\"\\u0001forkscope:%s:%u\"", i > 0 ? "," : "",
                                   random_one_in(random, 2) ? "bytes" : "string",
                                   random_one_in(random, 4) ? random_below(random, 20) : i);
    return length + (size_t)snprintf(text + length, room - length, "]");
}

/* A text, a table of lengths, and bytes, none of which need to agree. */
static void forge_attachments(struct random *random)
{
    static unsigned char bytes[ATTACHED * 9000];
    unsigned count = random_below(random, ATTACHED + 1);
    uint64_t table[ATTACHED], sum = 0;
    char text[512];
    size_t length = write_text(random, text, sizeof text, count);

    for (unsigned i = 0; i < count; i++) {
        uint64_t right = random_length(random, 9000);
        table[i] = some_length(random, right);
        sum += right;
    }
    random_fill(random, bytes, sizeof bytes);
    if (random_one_in(random, 2))
        memset(bytes, 'u', sizeof bytes);
    struct wire_part parts[] = { { text, length }, { table, count * sizeof table[0] },
                                 { bytes, sum } };
    int memfd = wire__memfd_new(parts, 3);
    struct wire_value head = {
        .generation = raw_sender < 0 ? procspawn__reply.generation : 0,
        .length = some_length(random, length),
        .attached_length = some_length(random, count * sizeof table[0] + sum),
        .attached_count = some_length(random, count),
        .place = WIRE_IN_MEMFD,
        .reserved_keys = random_below(random, 2),
        .failed = random_below(random, 2),
    };
    raw_frame(raw_channel(), WIRE_RESULT, &head, sizeof head, &memfd, memfd >= 0);
    if (memfd >= 0)
        close(memfd);
}

/* A result in the worker's buffer, which may not exist, and changes while the host reads it. */
static void forge_buffer(struct random *random)
{
    const struct wire_standing *results = procspawn__standing_results();
    size_t size = results ? results->size : MIB;
    struct wire_value head = {
        .generation = procspawn__reply.generation,
        .length = random_one_in(random, 2) ? random_below(random, 200) : some_length(random, size),
        .attached_length = random_one_in(random, 2) ? 0 : some_length(random, size / 2),
        .attached_count = random_below(random, 4),
        .place = random_one_in(random, 8) ? random_below(random, 9) : WIRE_IN_BUFFER,
    };

    if (results)
        random_fill(random, results->bytes, size);
    raw_frame(raw_channel(), WIRE_RESULT, &head, sizeof head, NULL, 0);
    for (unsigned i = random_below(random, 50); results && i > 0; i--) {
        random_fill(random, results->bytes, 256);
        if (random_one_in(random, 20))
            madvise(results->bytes, size, MADV_REMOVE);
    }
}

/* Honest ones, made by the library, of any size. */
static void give_bytes(struct random *random)
{
    json_t *result = json_array();

    for (unsigned i = random_below(random, ATTACHED); i > 0; i--) {
        size_t size = random_length(random, 4 * MIB);
        json_array_append_new(result,
                              procspawn_value_bytes_take(calloc(1, size + 1), size));
    }
    act_set_result(result);
}

/* ---- failures ---- */

static void fail_at_length(struct random *random)
{
    static const char *const pieces[] = { "z", "\033[2J", "%s%n", "\xff", "\xe2\x80\xae", "\n" };
    const char *piece = pieces[random_below(random, 6)];
    size_t n = strlen(piece), times = random_length(random, 6 * MIB) / n;
    char *text = malloc(n * times + 1);

    if (!text)
        return;
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * n, piece, n);
    text[n * times] = '\0';
    json_t *detail = random_one_in(random, 2) ? json_stringn_nocheck(text, n * times) : NULL;
    procspawn_fail_at(text, -1, text, random_one_in(random, 2) ? text : NULL, detail, "%s", text);
    free(text);
}

/* ---- output ---- */

/* More than anybody keeps, with what looks like the line for missing bytes. */
static void print_without_end(struct random *random)
{
    static char bytes[65536];
    int64_t end = base__now() + (int64_t)random_below(random, 200) * MS;
    int fd = random_one_in(random, 2) ? STDOUT_FILENO : STDERR_FILENO;

    random_fill(random, bytes, sizeof bytes);
    snprintf(bytes, sizeof bytes, "\n[... 18446744073709551615 bytes are missing ...]\n");
    while (base__now() < end && write(fd, bytes, 1 + random_below(random, sizeof bytes)) > 0)
        continue;
}

static void print_from_grandchildren(struct random *random)
{
    for (unsigned i = random_below(random, 3); i > 0; i--)
        act_fork(random, print_without_end);
    print_without_end(random);
}

/* ---- the memory of a chunk ---- */

static unsigned char *find_chunk(size_t *ret_size)
{
    char line[512], mode[8];
    unsigned char *found = NULL;
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps && !found && fgets(line, sizeof line, maps)) {
        uintptr_t from, to;
        if (strstr(line, "memfd:forkscope") &&
            sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, mode) == 3 &&
            mode[1] == 'w') {
            found = (unsigned char *)from;
            *ret_size = to - from;
        }
    }
    if (maps)
        fclose(maps);
    return found;
}

/* The numbers at its beginning, or anything. */
static void write_into_chunk(struct random *random)
{
    static const uint64_t numbers[] = { 0, 1, 20, 4096, UINT64_MAX, UINT64_MAX / 2 };
    size_t size = 0;
    unsigned char *chunk = find_chunk(&size);

    if (!chunk || size < 64)
        return;
    for (unsigned i = random_below(random, 4); i > 0; i--) {
        uint64_t number = numbers[random_below(random, 6)];
        memcpy(chunk + 8 * random_below(random, 8), &number, sizeof number);
    }
    if (random_one_in(random, 2))
        random_fill(random, chunk, random_length(random, size < 4096 ? (unsigned)size : 4096));
}

const struct act act_of_beside[] = {
    { .name = "forged_attachments", .run = forge_attachments, .flags = ACT_ANSWERS },
    { .name = "forged_buffer", .run = forge_buffer, .flags = ACT_ANSWERS },
    { .name = "many_bytes", .run = give_bytes },
    { .name = "long_failure", .run = fail_at_length },
    { .name = "endless_output", .run = print_from_grandchildren },
    { .name = "overwritten_chunk", .run = write_into_chunk },
    { 0 },
};
