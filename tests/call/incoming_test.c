/*
 * incoming_test.c - messages of a channel: who may send which, and what is made of them
 *
 * No process is started: this one sends to itself, as child, as server, or as neither.
 */
#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/client/remote_child.h"
#include "src/error/error.h"
#include "src/value/footprint.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"
#include "src/wire/memfd.h"
#include "src/wire/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/cunit.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const procspawn__limit limit = PROCSPAWN__LIMIT_DEFAULT;
static const struct wire_token token = { { 11, 12 } };

struct channel {
    struct procspawn__remote_child child;
    int other;                  /* the end that messages are sent from */
    struct procspawn__outcome outcome;
    struct procspawn__incoming incoming;
};

enum sender { CHILD, SERVER, STRANGER };

static void open_channel(struct channel *channel, enum sender sender)
{
    int ends[2];

    *channel = (struct channel){ .child.token = token };
    CU_ASSERT_FATAL(wire__pair(ends) == 0 && wire__pass_sender(ends[0]) == 0);
    channel->child.channel = ends[0];
    channel->other = ends[1];
    if (sender == CHILD)
        channel->child.pid = getpid();
    if (sender == SERVER)
        channel->child.server = getpid();
}

static void close_channel(struct channel *channel)
{
    procspawn__outcome_fini(&channel->outcome);
    if (channel->child.channel >= 0)
        close(channel->child.channel);
    if (channel->other >= 0)
        close(channel->other);
}

static enum procspawn__incoming_kind receive(struct channel *channel)
{
    struct procspawn__encoded *buffer = NULL;

    procspawn__incoming_receive(&channel->child, &buffer, false, &limit, NULL,
                                &channel->outcome, &channel->incoming);
    free(buffer);
    return channel->incoming.kind;
}

static void send_result(struct channel *channel, uint64_t generation, const char *text)
{
    struct wire_value head = { .generation = generation, .length = strlen(text) };
    struct wire_part parts[] = { { &head, sizeof head }, { text, strlen(text) } };

    PROCSPAWN_CUNIT_EQUAL(wire__send(channel->other, WIRE_RESULT, parts, 2, NULL, 0, true), 0);
}

static void send_failure(struct channel *channel, struct wire_failure head)
{
    struct wire_writer writer = { .grows = true };

    wire__put_bytes(&writer, &head, sizeof head);
    wire__put_string(&writer, "it broke");
    wire__put_string(&writer, NULL);
    wire__put_string(&writer, NULL);
    struct wire_part part = { writer.bytes, writer.length };
    PROCSPAWN_CUNIT_EQUAL(wire__send(channel->other, WIRE_FAILURE, &part, 1, NULL, 0, true), 0);
    free(writer.bytes);
}

static void send_struct(struct channel *channel, enum wire_type type, const void *body,
                        size_t length)
{
    PROCSPAWN_CUNIT_EQUAL(wire__send_struct(channel->other, type, body, length, -1, true), 0);
}

/* ---- the child's messages ---- */

static void a_result_names_its_call_and_is_kept(void)
{
    struct channel channel;

    open_channel(&channel, CHILD);
    send_result(&channel, 7, "[1]");
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_RESULT);
    CU_ASSERT_EQUAL(channel.incoming.generation, 7);
    CU_ASSERT(channel.incoming.keep_alive);
    CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__UNDECODED);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_NOTHING);
    PROCSPAWN_CUNIT_EQUAL(channel.incoming.error, -EAGAIN);
    close_channel(&channel);
}

static void a_failure_says_whether_the_child_stays(void)
{
    for (uint32_t keep_alive = 0; keep_alive < 2; keep_alive++) {
        struct channel channel;
        open_channel(&channel, CHILD);
        send_failure(&channel, (struct wire_failure){ .kind = WIRE_FAILURE_SETUP,
                                                      .error = EPERM,
                                                      .keep_alive = keep_alive,
                                                      .generation = 3 });
        CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_FAILURE);
        CU_ASSERT_EQUAL(channel.incoming.keep_alive, keep_alive == 1);
        CU_ASSERT_EQUAL(channel.incoming.generation, 3);
        CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__FAILED);
        CU_ASSERT_EQUAL(procspawn_error_kind(channel.outcome.error), PROCSPAWN_ERROR_SETUP);
        close_channel(&channel);
    }
}

static void only_the_first_outcome_counts(void)
{
    struct channel channel;

    open_channel(&channel, CHILD);
    send_failure(&channel, (struct wire_failure){ .kind = WIRE_FAILURE_PANIC });
    send_result(&channel, 1, "[1]");
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_FAILURE);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_RESULT);
    CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__FAILED);
    close_channel(&channel);
}

static void an_answer_without_its_head_is_broken(void)
{
    static const enum wire_type types[] = { WIRE_RESULT, WIRE_FAILURE };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct channel channel;
        open_channel(&channel, CHILD);
        send_struct(&channel, types[i], "abc", 3);
        CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_BROKEN);
        CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__PENDING);
        close_channel(&channel);
    }
}

/* `memfd`: -1, or where the text lies. */
static void check_result_is_broken(struct wire_value head, int memfd)
{
    const struct wire_part parts[] = { { &head, sizeof head }, { "[1]", memfd < 0 ? 3 : 0 } };
    struct channel channel;

    open_channel(&channel, CHILD);
    int rc = wire__send(channel.other, WIRE_RESULT, parts, 2, &memfd, memfd >= 0, true);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_BROKEN);
    CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__PENDING);
    close_channel(&channel);
}

static void a_result_that_is_not_what_its_head_says_is_broken(void)
{
    enum { SMALL = 4096, LARGE = 1 << 20 };
    static const uint64_t sizes[] = { SMALL, LARGE };

    check_result_is_broken((struct wire_value){ .length = 2 }, -1);
    check_result_is_broken((struct wire_value){ .length = 4 }, -1);
    check_result_is_broken((struct wire_value){ .length = 3, .attached_length = 1 }, -1);
    check_result_is_broken((struct wire_value){ .length = 3, .attached_length = UINT64_MAX }, -1);
    check_result_is_broken((struct wire_value){ .length = 3, .place = WIRE_IN_MEMFD }, -1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct wire_value head = { .length = sizes[i], .place = WIRE_IN_MEMFD };
        int sparse = wire__memfd_open(sizes[i]);
        CU_ASSERT_FATAL(sparse >= 0 && ftruncate(sparse, (off_t)sizes[i]) == 0);
        check_result_is_broken(head, sparse);
        CU_ASSERT(wire__memfd_seal(sparse) == 0);
        check_result_is_broken(head, sparse);
        head.length--;
        check_result_is_broken(head, sparse);
        close(sparse);
    }
}

static void a_malformed_frame_is_broken(void)
{
    static const struct wire_header longer = { .type = WIRE_RESULT, .length = 77 };
    struct channel channel;

    open_channel(&channel, CHILD);
    CU_ASSERT(send(channel.other, &longer, sizeof longer, 0) == sizeof longer);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_BROKEN);
    close_channel(&channel);
}

/* The token is of no use to the child: it is not the server. */
static void a_child_is_refused_the_messages_of_its_server(void)
{
    const struct wire_death death = { .token = token };
    const struct wire_reborn reborn = { .token = token, .pid = 1 };
    struct channel channel;

    open_channel(&channel, CHILD);
    send_struct(&channel, WIRE_DEATH, &death, sizeof death);
    send_struct(&channel, WIRE_REBORN, &reborn, sizeof reborn);
    send_struct(&channel, WIRE_BACKTRACE, &token, sizeof token);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_REFUSED);
    CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__PENDING);
    CU_ASSERT_PTR_NULL(channel.outcome.trace);
    close_channel(&channel);
}

/* ---- the server's messages ---- */

static void the_server_reports_death_and_rebirth(void)
{
    const struct wire_death death = { .token = token, .status = 9, .unread = 1 };
    const struct wire_reborn reborn = { .token = token, .pid = 4711 };
    struct channel channel;

    open_channel(&channel, SERVER);
    send_struct(&channel, WIRE_REBORN, &reborn, sizeof reborn);
    send_struct(&channel, WIRE_DEATH, &death, sizeof death);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_REBORN);
    CU_ASSERT_EQUAL(channel.incoming.reborn.pid, 4711);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_DEATH);
    CU_ASSERT_EQUAL(channel.incoming.death.status, 9);
    CU_ASSERT_EQUAL(channel.incoming.death.unread, 1);
    close_channel(&channel);
}

static void a_server_without_the_token_is_ignored(void)
{
    const struct wire_death death = { .status = 9 };
    struct channel channel;

    open_channel(&channel, SERVER);
    send_struct(&channel, WIRE_DEATH, &death, sizeof death);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_IGNORED);
    close_channel(&channel);
}

static void a_death_of_another_length_is_ignored(void)
{
    const struct wire_death deaths[2] = { { .token = token }, { .token = token } };
    struct channel channel;

    open_channel(&channel, SERVER);
    send_struct(&channel, WIRE_DEATH, deaths, sizeof deaths[0] - 8);
    send_struct(&channel, WIRE_DEATH, deaths, sizeof deaths);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_IGNORED);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_IGNORED);
    close_channel(&channel);
}

static void a_server_gives_no_results(void)
{
    struct channel channel;

    open_channel(&channel, SERVER);
    send_struct(&channel, WIRE_RESULT, &token, sizeof token);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_IGNORED);
    CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__PENDING);
    close_channel(&channel);
}

/* ---- messages of other processes ---- */

static void strangers_are_ignored_whatever_they_send(void)
{
    static const struct wire_header longer = { .type = WIRE_RESULT, .length = 77 };
    const struct wire_death death = { .token = token };
    struct channel channel;

    open_channel(&channel, STRANGER);
    send_result(&channel, 1, "[1]");
    send_failure(&channel, (struct wire_failure){ .kind = WIRE_FAILURE_PANIC });
    send_struct(&channel, WIRE_DEATH, &death, sizeof death);
    CU_ASSERT(send(channel.other, &longer, sizeof longer, 0) == sizeof longer);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_IGNORED);
    CU_ASSERT_EQUAL(channel.outcome.state, PROCSPAWN__PENDING);
    close_channel(&channel);
}

static void descriptors_that_nobody_takes_are_closed(void)
{
    struct channel channel;
    int ends[2];
    char byte;

    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    open_channel(&channel, STRANGER);
    PROCSPAWN_CUNIT_EQUAL(wire__send_struct(channel.other, WIRE_VALUE, "", 0, ends[1], true), 0);
    close(ends[1]);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_IGNORED);
    CU_ASSERT(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
    close_channel(&channel);
}

/* ---- the end ---- */

static void the_end_of_the_channel_is_not_its_closing_here(void)
{
    struct channel channel;

    open_channel(&channel, CHILD);
    close(channel.other);
    channel.other = -1;
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_END);
    CU_ASSERT_FALSE(channel.incoming.was_reset);
    close(channel.child.channel);
    CU_ASSERT_EQUAL(receive(&channel), PROCSPAWN__INCOMING_CLOSED);
    channel.child.channel = -1;
    close_channel(&channel);
}

static void a_reset_shows_that_a_message_was_left_unread(void)
{
    struct channel channel;

    open_channel(&channel, CHILD);
    send_struct(&(struct channel){ .other = channel.child.channel }, WIRE_CALL, "", 0);
    close(channel.other);
    channel.other = -1;
    while (receive(&channel) != PROCSPAWN__INCOMING_END && !channel.incoming.was_reset)
        CU_ASSERT_FATAL(channel.incoming.kind != PROCSPAWN__INCOMING_NOTHING);
    CU_ASSERT(channel.incoming.was_reset);
    close_channel(&channel);
}

#define TEST(name) { #name, name }

static CU_TestInfo child_tests[] = {
    TEST(a_result_names_its_call_and_is_kept),
    TEST(a_failure_says_whether_the_child_stays),
    TEST(only_the_first_outcome_counts),
    TEST(an_answer_without_its_head_is_broken),
    TEST(a_result_that_is_not_what_its_head_says_is_broken),
    TEST(a_malformed_frame_is_broken),
    TEST(a_child_is_refused_the_messages_of_its_server),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo server_tests[] = {
    TEST(the_server_reports_death_and_rebirth),
    TEST(a_server_without_the_token_is_ignored),
    TEST(a_death_of_another_length_is_ignored),
    TEST(a_server_gives_no_results),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo other_tests[] = {
    TEST(strangers_are_ignored_whatever_they_send),
    TEST(descriptors_that_nobody_takes_are_closed),
    TEST(the_end_of_the_channel_is_not_its_closing_here),
    TEST(a_reset_shows_that_a_message_was_left_unread),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "child", .pTests = child_tests },
    { .pName = "server", .pTests = server_tests },
    { .pName = "others", .pTests = other_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
