/*
 * descriptors.c - acts that send odd descriptors: named, wrongly named, not named
 */
#include "tests/hostile/act.h"

#include "tests/hostile/odd_fd.h"
#include "tests/hostile/raw.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOME = 16 };

static size_t draw_some(struct random *random, int *fds)
{
    size_t count = 0;

    for (unsigned i = 1 + random_below(random, SOME); i > 0; i--) {
        fds[count] = odd_fd_draw(random);
        count += fds[count] >= 0;
    }
    return count;
}

static void close_some(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* As placeholders that the library makes. */
static void send_named(struct random *random)
{
    int fds[SOME];
    size_t count = draw_some(random, fds);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, procspawn_value_fd_take(fds[i]));
    act_set_result(list);
}

/* Placeholders of all kinds, whatever is behind them; some name what is not there, or name it
 * twice. */
static size_t write_placeholders(struct random *random, char *text, size_t room, size_t count)
{
    static const char *const kinds[] = { "fd", "shmem", "sender", "receiver", "nothing", "" };
    size_t length = (size_t)snprintf(text, room, "[null");

    for (size_t i = 0; i < count; i++) {
        unsigned index = random_one_in(random, 8) ? (unsigned)random_draw(random) : (unsigned)i;
        const char *kind = kinds[random_below(random, random_one_in(random, 8) ? 6 : 4)];
        length += (size_t)snprintf(text + length, room - length,
                                   ",{\"\\u0001forkscope\":\"%s:%u\"}", kind, index);
    }
    return length + (size_t)snprintf(text + length, room - length, "]");
}

static void send_misnamed(struct random *random)
{
    char text[4096];
    int fds[SOME];
    size_t count = draw_some(random, fds);
    size_t named = random_one_in(random, 4) ? random_below(random, 60) : count;
    size_t length = write_placeholders(random, text, sizeof text, named);

    raw_result(raw_target(random), text, length, true, fds, count);
    close_some(fds, count);
}

static void send_unnamed(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 4); i > 0; i--) {
        int fds[SOME];
        size_t count = draw_some(random, fds);
        raw_result(raw_target(random), "null", 4, random_one_in(random, 2), fds, count);
        close_some(fds, count);
    }
}

/* As the memory that the text is said to be in. */
static void send_as_text(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 4); i > 0; i--) {
        int fd = odd_fd_draw(random);
        raw_result_in(raw_target(random), fd, random_length(random, 1 << 24),
                      random_one_in(random, 2));
        if (fd >= 0)
            close(fd);
    }
}

const struct act act_of_descriptors[] = {
    { .name = "named_descriptors", .run = send_named },
    { .name = "misnamed_descriptors", .run = send_misnamed, .flags = ACT_ANSWERS },
    { .name = "unnamed_descriptors", .run = send_unnamed, .flags = ACT_ANSWERS },
    { .name = "descriptors_as_text", .run = send_as_text, .flags = ACT_ANSWERS },
    { 0 },
};
