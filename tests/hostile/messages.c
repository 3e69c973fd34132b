/*
 * messages.c - acts that send: on the function's own channel, or on one of the user's
 */
#include "tests/hostile/act.h"

#include "src/base/clock.h"
#include "src/child/reply.h"
#include "src/wire/call.h"
#include "src/wire/protocol.h"
#include "tests/hostile/odd_fd.h"
#include "tests/hostile/settings.h"
#include "tests/hostile/raw.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TYPES = WIRE_VALUE + 4, LARGEST = sizeof(struct wire_header) + WIRE_MAX_BODY };

static void send_random_bytes(struct random *random)
{
    static unsigned char bytes[2 * LARGEST];

    for (unsigned i = random_below(random, 20); i > 0; i--) {
        unsigned length = random_length(random, sizeof bytes);
        random_fill(random, bytes, length);
        raw_send(raw_target(random), bytes, length, NULL, 0, NULL);
    }
}

/* A header that is nearly right. */
static void send_random_frames(struct random *random)
{
    static unsigned char bytes[LARGEST];
    struct wire_header header;

    for (unsigned i = random_below(random, 20); i > 0; i--) {
        unsigned length = random_length(random, WIRE_MAX_BODY);
        int fds[4], count = (int)random_below(random, 5);
        header = (struct wire_header){ .type = random_below(random, TYPES),
                                       .fd_count = (uint32_t)count + random_one_in(random, 4),
                                       .length = length - random_one_in(random, 4) };
        memcpy(bytes, &header, sizeof header);
        random_fill(random, bytes + sizeof header, length);
        for (int k = 0; k < count; k++)
            fds[k] = STDIN_FILENO;
        raw_send(raw_target(random), bytes, sizeof header + length, fds, (size_t)count, NULL);
    }
}

/* ---- messages that others send ---- */

static union {
    struct wire_death death;
    struct wire_offer offer;
    struct wire_server server;
    struct wire_value value;
    struct wire_call call;
    unsigned char bytes[512];
} word;

static size_t forge_death(struct random *random)
{
    word.death = (struct wire_death){ .status = (int32_t)random_draw(random),
                                      .cause = random_below(random, 6),
                                      .unread = random_below(random, 2),
                                      .user_time = (int64_t)random_draw(random) };
    return sizeof word.death;
}

static size_t forge_offer(struct random *random)
{
    word.offer = (struct wire_offer){ .id = random_below(random, 1000), .pid = act_server() };
    return sizeof word.offer;
}

static size_t forge_anything(struct random *random)
{
    random_fill(random, word.bytes, sizeof word.bytes);
    return sizeof word.bytes - random_below(random, 2) * random_below(random, sizeof word.bytes);
}

static size_t forge_call(struct random *random)
{
    forge_anything(random);
    word.call.flags &= 0xfffff;
    return sizeof word.call;
}

/* A message of a type that others send; nothing in it is true. */
static enum wire_type forge(struct random *random, size_t *ret_length)
{
    switch (random_below(random, 6)) {
    case 0:
        *ret_length = forge_death(random);
        return WIRE_DEATH;
    case 1:
        *ret_length = forge_offer(random);
        return WIRE_OFFER;
    case 2:
        *ret_length = forge_call(random);
        return WIRE_CALL;
    case 3:
        *ret_length = 0;
        return WIRE_BACKTRACE;
    default:
        *ret_length = forge_anything(random);
        return (enum wire_type)random_below(random, TYPES);
    }
}

static void send_types_of_others(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 8); i > 0; i--) {
        size_t length;
        enum wire_type type = forge(random, &length);
        int memfd = random_one_in(random, 2) ? odd_fd_draw(random) : -1;
        raw_frame(raw_target(random), type, &word, length, &memfd, memfd >= 0);
        if (memfd >= 0)
            close(memfd);
    }
}

/* The kernel accepts this from privileged processes only. */
static void send_as_others(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 8); i > 0; i--) {
        unsigned char bytes[sizeof(struct wire_header) + sizeof word];
        const pid_t pids[] = { act_server(), settings->program, 1, getpid() };
        struct ucred as = { pids[random_below(random, 4)], geteuid(), getegid() };
        size_t length;
        struct wire_header header = { .type = forge(random, &length) };
        header.length = length;
        memcpy(bytes, &header, sizeof header);
        memcpy(bytes + sizeof header, &word, length);
        raw_send(raw_channel(), bytes, sizeof header + length, NULL, 0, &as);
    }
}

static void send_other_generations(struct random *random)
{
    uint64_t generation = procspawn__reply.generation;

    for (unsigned i = 1 + random_below(random, 8); i > 0; i--) {
        procspawn__reply.generation = generation + random_below(random, 5) - 2;
        if (random_one_in(random, 3))
            procspawn__reply.generation = random_draw(random);
        raw_result(raw_channel(), "[1]", 3, false, NULL, 0);
    }
    procspawn__reply.generation = generation;
}

/* From processes that are not the one that was called. */
static void answer_as_grandchild(struct random *random)
{
    raw_result(raw_channel(), "\"stranger\"", 10, false, NULL, 0);
    send_types_of_others(random);
    send_random_frames(random);
}

static void send_from_grandchildren(struct random *random)
{
    for (unsigned i = random_below(random, 4); i > 0; i--)
        act_fork(random, answer_as_grandchild);
    act_pause(random, 20);
}

/* ---- the wrong size, number or time ---- */

static void send_empty(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 10); i > 0; i--) {
        int fds[253];
        size_t count = random_one_in(random, 2) ? 0 : random_below(random, 254);
        for (size_t k = 0; k < count; k++)
            fds[k] = STDIN_FILENO;
        if (settings->aliens || count < 16)
            raw_send(raw_target(random), "", 0, fds, count, NULL);
    }
}

static void flood_until(struct random *random, int64_t end)
{
    static unsigned char bytes[LARGEST];
    int fds[64] = { 0 };
    size_t count = settings->aliens && random_one_in(random, 2) ? random_below(random, 65) : 0;
    unsigned length = random_length(random, WIRE_MAX_BODY);
    int to = raw_target(random);
    struct wire_header header = { .type = random_below(random, TYPES), .length = length,
                                  .fd_count = (uint32_t)count - random_one_in(random, 2) };

    memcpy(bytes, &header, sizeof header);
    while (base__now() < end)
        raw_send(to, bytes, sizeof header + length, fds, count, NULL);
}

static void flood(struct random *random)
{
    flood_until(random, base__now() + (int64_t)random_below(random, 300) * MS);
}

static void flood_by_many(struct random *random)
{
    for (unsigned i = random_below(random, 6); i > 0; i--)
        act_fork(random, flood);
    flood(random);
}

/* Until nothing more fits: what comes after has no room. */
static void fill(struct random *random)
{
    struct wire_value value = { .generation = random_below(random, 3) };
    int to = raw_channel();

    while (raw_frame(to, WIRE_VALUE, &value, sizeof value, NULL, 0) == 0)
        continue;
}

static void answer_often(struct random *random)
{
    for (unsigned i = random_below(random, 100); i > 0; i--)
        raw_result(raw_channel(), "[\"late\"]", 8, false, NULL, 0);
    send_types_of_others(random);
    act_pause(random, 30);
    send_random_frames(random);
}

static struct random late;

static void answer_late(int signo)
{
    (void)signo;
    answer_often(&late);
}

/* At the moment when the program ends the call. */
static void answer_when_asked_to_end(struct random *random)
{
    late.state = random_draw(random);
    signal(SIGTERM, answer_late);
    signal(SIGINT, answer_late);
}

/* ---- failures ---- */

/* Strings whose lengths are drawn, and control characters in them. */
static void send_broken_failures(struct random *random)
{
    struct {
        struct wire_failure head;
        unsigned char strings[1024];
    } body;

    for (unsigned i = 1 + random_below(random, 5); i > 0; i--) {
        body.head = (struct wire_failure){ .kind = random_below(random, 7),
                                           .error = (int32_t)random_draw(random),
                                           .line = (int32_t)random_draw(random),
                                           .keep_alive = random_below(random, 3),
                                           .generation = procspawn__reply.generation };
        random_fill(random, body.strings, sizeof body.strings);
        if (random_one_in(random, 2))
            memcpy(body.strings, &(uint64_t){ random_below(random, 1100) }, sizeof(uint64_t));
        size_t length = sizeof body - random_below(random, sizeof body.strings);
        raw_frame(raw_channel(), WIRE_FAILURE, &body, length, NULL, 0);
    }
}

/* ---- the channel itself ---- */

static void shut_channel(struct random *random)
{
    shutdown(raw_target(random), (int)random_below(random, 3));
}

static void close_channel(struct random *random)
{
    close(raw_target(random));
}

/* What the library sends next goes there instead. */
static void replace_channel(struct random *random)
{
    int odd = odd_fd_draw(random);

    if (odd < 0)
        return;
    dup2(odd, raw_target(random));
    close(odd);
}

/* What comes down is for the library; the first to read has it. */
static void steal_calls(struct random *random)
{
    static unsigned char bytes[LARGEST];

    (void)random;
    for (int64_t end = base__now() + 300 * MS; base__now() < end;)
        recv(raw_channel(), bytes, sizeof bytes, MSG_DONTWAIT);
}

static void steal_calls_by_grandchild(struct random *random)
{
    act_fork(random, steal_calls);
}

static void change_channel(struct random *random)
{
    static const int options[] = { SO_SNDBUF, SO_RCVBUF, SO_PASSCRED, SO_RCVLOWAT, SO_SNDTIMEO,
                                   SO_PEEK_OFF, SO_BUSY_POLL };
    int value = (int)random_length(random, 1 << 20);

    for (unsigned i = random_below(random, 8); i > 0; i--)
        setsockopt(raw_target(random), SOL_SOCKET, options[random_below(random, 7)], &value,
                   sizeof value);
}

const struct act act_of_messages[] = {
    { .name = "random_bytes", .run = send_random_bytes },
    { .name = "random_frames", .run = send_random_frames },
    { .name = "types_of_others", .run = send_types_of_others },
    { .name = "names_of_others", .run = send_as_others },
    { .name = "other_generations", .run = send_other_generations, .flags = ACT_ANSWERS },
    { .name = "messages_of_grandchildren", .run = send_from_grandchildren },
    { .name = "empty_messages", .run = send_empty },
    { .name = "flood", .run = flood },
    { .name = "flood_by_many", .run = flood_by_many },
    { .name = "full_channel", .run = fill },
    { .name = "many_answers", .run = answer_often, .flags = ACT_ANSWERS },
    { .name = "late_answers", .run = answer_when_asked_to_end, .flags = ACT_ANSWERS },
    { .name = "broken_failures", .run = send_broken_failures, .flags = ACT_ANSWERS },
    { .name = "shut_channel", .run = shut_channel },
    { .name = "closed_channel", .run = close_channel },
    { .name = "replaced_channel", .run = replace_channel },
    { .name = "stolen_calls", .run = steal_calls_by_grandchild },
    { .name = "channel_options", .run = change_channel },
    { 0 },
};
