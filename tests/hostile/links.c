/*
 * links.c - acts that use the link to the server, and the children that it offers
 */
#include "tests/hostile/act.h"

#include "src/base/clock.h"
#include "src/child/reply.h"
#include "src/wire/call.h"
#include "src/image/function.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/hostile/odd_fd.h"
#include "tests/hostile/settings.h"
#include "tests/hostile/rights.h"
#include "tests/hostile/raw.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void ask(uint32_t count)
{
    struct wire_fork body = { .count = count };

    raw_frame(raw_link(), WIRE_FORK, &body, sizeof body, NULL, 0);
}

/* ---- nonsense ---- */

static void send_random_bytes(struct random *random)
{
    static unsigned char bytes[sizeof(struct wire_header) + WIRE_MAX_BODY];

    for (unsigned i = random_below(random, 10); i > 0; i--) {
        unsigned length = random_length(random, sizeof bytes);
        random_fill(random, bytes, length);
        raw_send(raw_link(), bytes, length, NULL, 0, NULL);
    }
}

/* The lengths are right more often than not. */
static void send_random_requests(struct random *random)
{
    static const size_t lengths[] = { sizeof(struct wire_fork), sizeof(struct wire_end_child),
                                      sizeof(struct wire_limit), 0, 1 };
    unsigned char body[sizeof(struct wire_end_child) + sizeof(struct wire_limit)];

    for (unsigned i = random_below(random, 30); i > 0; i--) {
        random_fill(random, body, sizeof body);
        if (random_one_in(random, 2))
            memcpy(body, &(uint32_t){ random_below(random, 40) }, sizeof(uint32_t));
        raw_frame(raw_link(), (enum wire_type)random_below(random, WIRE_VALUE + 3), body,
                  lengths[random_below(random, 5)], NULL, 0);
    }
}

static void send_empty(struct random *random)
{
    int null = STDIN_FILENO;

    raw_send(raw_link(), "", 0, &null, random_below(random, 2), NULL);
}

static void send_descriptors(struct random *random)
{
    struct wire_limit body = { .id = random_below(random, 100) };

    for (unsigned i = 1 + random_below(random, 8); i > 0; i--) {
        int fd = odd_fd_draw(random);
        raw_frame(raw_link(), random_one_in(random, 2) ? WIRE_LIMIT : WIRE_VALUE, &body,
                  random_one_in(random, 2) ? sizeof body : 0, &fd, fd >= 0);
        if (fd >= 0)
            close(fd);
    }
}

static void flood(struct random *random)
{
    struct wire_end_child body = { .id = random_below(random, 100), .pid = getpid(),
                                   .signal = (int32_t)random_below(random, 64),
                                   .cause = random_below(random, 10) };
    int64_t end = base__now() + (int64_t)random_below(random, 300) * MS;
    int link = raw_link();

    while (base__now() < end)
        raw_frame(link, WIRE_END_CHILD, &body, sizeof body, NULL, 0);
}

static void flood_by_many(struct random *random)
{
    for (unsigned i = random_below(random, 5); i > 0; i--)
        act_fork(random, flood);
    flood(random);
}

/* ---- children of others ---- */

/* The numbers of children are small and count up. */
static void end_children_of_others(struct random *random)
{
    for (unsigned i = 0; i < 200; i++) {
        pid_t pid = getpid() + (pid_t)random_below(random, 60) - 30;
        struct wire_end_child end = { .id = random_below(random, 3000), .pid = pid,
                                      .signal = SIGKILL, .cause = WIRE_ENDED_BY_KILL };
        struct wire_limit limit = { .id = end.id, .pid = pid, .until = 1, .length = 1 };
        raw_frame(raw_link(), WIRE_END_CHILD, &end, sizeof end, NULL, 0);
        raw_frame(raw_link(), WIRE_LIMIT, &limit, sizeof limit, NULL, 0);
    }
}

static void ask_for_many(struct random *random)
{
    for (unsigned i = 1 + random_below(random, 3); i > 0; i--)
        ask(random_below(random, random_one_in(random, 4) ? 1100 : 80));
    act_pause(random, 100);
}

/* Fewer than there are answers to. */
static void ask_without_listening(struct random *random)
{
    for (unsigned i = random_below(random, 50); i > 0; i--)
        ask(1);
    act_pause(random, 50);
}

static void shut_link(struct random *random)
{
    int link = raw_link();

    if (random_one_in(random, 2))
        ask(3);
    if (random_one_in(random, 2))
        shutdown(link, (int)random_below(random, 3));
    else
        close(link);
}

static void return_link(struct random *random)
{
    ask(random_below(random, 4));
    int fd = dup(raw_link());
    act_set_result(fd < 0 ? json_null() : procspawn_value_fd_take(fd));
}

/* ---- nested children without the library ---- */

/* The channel of a new child; -1 if none was offered. */
static int take_child(void)
{
    unsigned char body[WIRE_MAX_OFFERS * sizeof(struct wire_offer)];
    struct wire_frame frame = { .body = body, .capacity = sizeof body };
    struct pollfd link = { .fd = raw_link(), .events = POLLIN };

    ask(1);
    if (poll(&link, 1, 200) != 1 || wire__recv(link.fd, &frame, true) < 0)
        return -1;
    int channel = wire__take_fd(&frame, 0);
    wire__close_fds(&frame);
    return channel;
}

static void take_children(struct random *random)
{
    for (unsigned i = random_below(random, 20); i > 0; i--) {
        int channel = take_child();
        if (channel >= 0 && random_one_in(random, 2))
            close(channel);
    }
}

static json_t *look_at_rights(json_t *argument)
{
    rights_check("a function called by hand");
    return json_incref(argument);
}

static int look_in_hook(void *unused)
{
    (void)unused;
    rights_check("a hook named by hand");
    return 0;
}

static void describe_function(struct wire_call *call)
{
    char *library = NULL;

    procspawn__function_describe(look_at_rights, &call->function, &library);
    free(library);
}

/* Asks to become root, with a hook, a function, or both. */
static struct wire_call greedy_call(struct random *random)
{
    struct wire_call call = { .flags = random_one_in(random, 2) ? WIRE_CALL_IDS : 0,
                              .text_length = 4,
                              .generation = random_below(random, 4) };

    if (random_one_in(random, 2)) {
        call.flags |= WIRE_CALL_HOOK;
        call.hook = (uint64_t)(uintptr_t)look_in_hook;
    }
    describe_function(&call);
    return call;
}

static struct wire_call random_call(struct random *random)
{
    struct wire_call call = greedy_call(random);
    unsigned char *bytes = (unsigned char *)&call;

    for (unsigned i = 1 + random_below(random, 6); i > 0; i--)
        bytes[random_below(random, sizeof call)] = (unsigned char)random_draw(random);
    return call;
}

static void call_by_hand(struct random *random, struct wire_call (*draw)(struct random *random))
{
    struct {
        struct wire_call call;
        char text[4];
        unsigned char more[64];
    } body = { .text = "null" };

    for (unsigned i = 1 + random_below(random, 4); i > 0; i--) {
        int channel = take_child(), odd = random_one_in(random, 3) ? odd_fd_draw(random) : -1;
        body.call = draw(random);
        raw_frame(channel, WIRE_CALL, &body, sizeof body.call + 4, &odd, odd >= 0);
        act_pause(random, 30);
        close(channel);
        if (odd >= 0)
            close(odd);
    }
}

static void call_greedily(struct random *random)
{
    call_by_hand(random, greedy_call);
}

static void call_at_random(struct random *random)
{
    call_by_hand(random, random_call);
}

/* With credentials that only root may send. */
static void call_in_name_of_root(struct random *random)
{
    struct ucred as = { getpid(), 0, 0 };
    struct {
        struct wire_header header;
        struct wire_call call;
        char text[4];
    } message = { .header = { .type = WIRE_CALL, .length = sizeof message.call + 4 },
                  .text = "null" };
    int channel = take_child();

    message.call = greedy_call(random);
    raw_send(channel, &message, sizeof message.header + sizeof message.call + 4, NULL, 0, &as);
    act_pause(random, 50);
    close(channel);
}

const struct act act_of_links[] = {
    { .name = "link_random_bytes", .run = send_random_bytes },
    { .name = "link_random_requests", .run = send_random_requests },
    { .name = "link_empty_message", .run = send_empty },
    { .name = "link_descriptors", .run = send_descriptors },
    { .name = "link_flood", .run = flood },
    { .name = "link_flood_by_many", .run = flood_by_many },
    { .name = "link_ends_of_others", .run = end_children_of_others },
    { .name = "link_many_children", .run = ask_for_many },
    { .name = "link_deaf", .run = ask_without_listening },
    { .name = "link_shut", .run = shut_link },
    { .name = "link_given_away", .run = return_link },
    { .name = "link_children_taken", .run = take_children },
    { .name = "link_greedy_calls", .run = call_greedily },
    { .name = "link_random_calls", .run = call_at_random },
    { .name = "link_calls_of_root", .run = call_in_name_of_root },
    { 0 },
};
