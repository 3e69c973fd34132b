/*
 * payloads.c - acts that answer with too much: huge, sparse, deep, amplified values
 */
#include "tests/hostile/act.h"

#include "src/wire/memfd.h"
#include "src/wire/frame.h"
#include "tests/hostile/raw.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* A text that repeats a piece between a beginning and an end. */
static void answer_with(struct random *random, const char *begin, const char *piece,
                        const char *end, size_t times)
{
    size_t n = strlen(piece), length = 0;
    char *text = malloc(strlen(begin) + n * times + strlen(end) + 1);

    if (!text)
        return;
    length += (size_t)sprintf(text, "%s", begin);
    for (size_t i = 0; i < times; i++, length += n)
        memcpy(text + length, piece, n);
    length += (size_t)sprintf(text + length, "%s", end);
    struct wire_part part = { text, length };
    int memfd = wire__memfd_new(&part, 1);
    raw_result_in(raw_target(random), memfd, length, random_one_in(random, 2));
    close(memfd);
    free(text);
}

static void answer_amplified(struct random *random)
{
    static const char *const pieces[] = { "{},", "[],", "0,", "\"\",", "[[[[]]]],", "{\"a\":{}},",
                                          "1e1,", "true,", "\"\\u0000\"," };
    size_t times = 1 + random_below(random, 2 * MIB);

    answer_with(random, "[", pieces[random_below(random, 9)], "0]", times);
}

static void answer_deep(struct random *random)
{
    static const size_t depths[] = { 200, 300, 2000, 2048, 2049, 10000, MIB };
    size_t depth = depths[random_below(random, 7)];

    if (random_one_in(random, 2))
        answer_with(random, "", "[", "", depth);
    else
        answer_with(random, "", "{\"\\u0001forkscope\":", "", depth);
}

/* Closed as well as opened. */
static void answer_deep_and_whole(struct random *random)
{
    size_t depth = 1 + random_below(random, 4000);
    char *text = malloc(2 * depth + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    answer_with(random, "", text, "", 1);
    free(text);
}

/* One key many times: of the user, or reserved by the library. */
static void answer_with_keys(struct random *random)
{
    static const char *const pieces[] = {
        "\"k\":0,", "\"\\u0001forkscope\":\"fd:0\",", "\"\\u0001\\u0001forkscope\":1,",
        "\"\":[{\"\\u0001forkscope\":\"fd:4294967296\"}],",
    };

    const char *piece = pieces[random_below(random, 4)];

    answer_with(random, "{", piece, "\"z\":0}", random_below(random, MIB / 4));
}

static void answer_long(struct random *random)
{
    static const char *const pieces[] = { "x", "\\u20ac", "\xc3\xa4", "\xff", "\\ud800", "\\\"" };

    const char *piece = pieces[random_below(random, 6)];

    answer_with(random, "\"", piece, "\"", random_length(random, 12 * MIB));
}

/* An honest result, made by the library. */
static void answer_much(struct random *random)
{
    size_t length = random_length(random, 8 * MIB);
    char *text = malloc(length + 1);

    if (!text)
        return;
    memset(text, 'y', length);
    text[length] = '\0';
    act_set_result(json_pack("[s, i]", text, 1));
    free(text);
}

static void answer_sparse(struct random *random)
{
    int fd = memfd_create("sparse", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    off_t length = (off_t)1 << (12 + random_below(random, 30));

    if (ftruncate(fd, length) == 0) {
        (void)!pwrite(fd, "[", 1, 0);
        (void)!pwrite(fd, "]", 1, length - 1);
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
        raw_result_in(raw_target(random), fd, (size_t)length, random_one_in(random, 2));
    }
    close(fd);
}

static void answer_nonsense(struct random *random)
{
    char text[2000];
    unsigned length = random_length(random, sizeof text);

    random_fill(random, text, length);
    for (unsigned i = 0; i < length && random_one_in(random, 2); i++)
        text[i] = "[]{}\",:0123456789.eE\\utrfalsn "[random_below(random, 29)];
    raw_result(raw_target(random), text, length, random_one_in(random, 2), NULL, 0);
}

const struct act act_of_payloads[] = {
    { .name = "amplified_answer", .run = answer_amplified, .flags = ACT_ANSWERS },
    { .name = "deep_answer", .run = answer_deep, .flags = ACT_ANSWERS },
    { .name = "deep_whole_answer", .run = answer_deep_and_whole, .flags = ACT_ANSWERS },
    { .name = "many_keys", .run = answer_with_keys, .flags = ACT_ANSWERS },
    { .name = "long_answer", .run = answer_long, .flags = ACT_ANSWERS },
    { .name = "large_result", .run = answer_much },
    { .name = "sparse_answer", .run = answer_sparse, .flags = ACT_ANSWERS },
    { .name = "nonsense_answer", .run = answer_nonsense, .flags = ACT_ANSWERS },
    { 0 },
};
