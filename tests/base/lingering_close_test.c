/*
 * lingering_close_test.c - children send sockets whose close takes minutes; the library does not
 * wait for them
 */
#include "src/child/reply.h"
#include "src/value/placeholder.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/lingering_sockets.h"

#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t began;

static void begin(void)
{
    began = calls_now();
}

static bool was_quick(void)
{
    return calls_now() - began < 20 * CALLS_SECOND;
}

/* ---- in the child ---- */

static void send_lingering(int channel, enum wire_type type, size_t count)
{
    struct wire_value head = { .generation = procspawn__reply.generation };
    struct wire_part part = { &head, sizeof head };
    int fds[WIRE_MAX_FDS];

    for (size_t i = 0; i < count; i++)
        fds[i] = i % 2 ? linger_open().socket : linger_pack(linger_open().socket);
    wire__send(channel, type, &part, 1, fds, count, false);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static json_t *say_what_nobody_knows(json_t *argument)
{
    send_lingering(procspawn__reply.channel, WIRE_VALUE, 3);
    return calls_hang(argument);
}

static json_t *say_it_many_times(json_t *argument)
{
    for (int i = 0; i < 30; i++)
        send_lingering(procspawn__reply.channel, WIRE_VALUE, 3);
    return calls_hang(argument);
}

static json_t *answer_with_what_nothing_names(json_t *argument)
{
    send_lingering(procspawn__reply.channel, WIRE_RESULT, 3);
    return calls_hang(argument);
}

static json_t *return_lingering(json_t *argument)
{
    (void)argument;
    return procspawn_value_fd_take(linger_pack(linger_open().socket));
}

/* An end of a channel whose queue cannot be looked into, with what keeps its close from ending. */
static json_t *return_hiding_end(json_t *kind)
{
    const int far = 1 << 29;
    struct linger_pair pair = linger_open();
    int end = linger_pack(pair.socket);

    setsockopt(end, SOL_SOCKET, SO_PEEK_OFF, &far, sizeof far);
    return json_pack("[o, o]",
                     procspawn__placeholder_give((enum procspawn_value_kind)
                                                     json_integer_value(kind), end),
                     procspawn_value_fd_take(pair.peer));
}

/* ---- here ---- */

static void wait_for_message(const procspawn_handle *handle)
{
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };
    CU_ASSERT(poll(&fd, 1, 20000) == 1);
}

static void end(procspawn_handle *handle)
{
    procspawn_kill(handle);
    CU_ASSERT(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL) == 0);
    procspawn_handle_free(handle);
    CU_ASSERT(was_quick());
}

static void the_patience_of_a_join_holds(void)
{
    begin();
    procspawn_handle *handle = calls_start(say_what_nobody_knows, NULL);
    wait_for_message(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 50 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    end(handle);
}

static void it_holds_against_many_of_them(void)
{
    begin();
    procspawn_handle *handle = calls_start(say_it_many_times, NULL);
    wait_for_message(handle);
    for (int i = 0; i < 20; i++) {
        int rc = procspawn_join_timeout(handle, 20 * CALLS_MS, NULL, NULL);
        CU_ASSERT(rc == -ETIMEDOUT || rc == -EMFILE);
    }
    CU_ASSERT(calls_descriptors() < 300);
    procspawn_kill(handle);
    procspawn_handle_free(handle);
    CU_ASSERT(was_quick());
}

static void what_was_not_received_is_left_at_once(void)
{
    begin();
    procspawn_handle *handle = calls_start(say_what_nobody_knows, NULL);
    wait_for_message(handle);
    procspawn_kill(handle);
    procspawn_handle_free(handle);
    CU_ASSERT(was_quick());
}

static void what_nothing_names_is_let_go_before_the_join(void)
{
    begin();
    procspawn_handle *handle = calls_start(answer_with_what_nothing_names, NULL);
    wait_for_message(handle);
    CU_ASSERT(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, NULL) == PROCSPAWN_ECALL);
    end(handle);
}

static void a_result_that_is_not_taken_is_freed_at_once(void)
{
    json_t *result = NULL;

    begin();
    procspawn_handle *handle = calls_start(return_lingering, NULL);
    CU_ASSERT(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL) == 0);
    json_decref(result);
    end(handle);
}

static json_t *join_hiding_end(enum procspawn_value_kind kind, procspawn_handle **ret_handle)
{
    json_t *result = NULL;

    begin();
    *ret_handle = calls_start(return_hiding_end, json_integer(kind));
    CU_ASSERT_FATAL(procspawn_join_timeout(*ret_handle, 20 * CALLS_SECOND, &result, NULL) == 0);
    return result;
}

static void a_sender_that_hides_what_it_holds_is_freed_at_once(void)
{
    procspawn_sender *sender;
    procspawn_handle *handle;
    json_t *result = join_hiding_end(PROCSPAWN_VALUE_SENDER, &handle);

    CU_ASSERT_FATAL(procspawn_value_claim_sender(json_array_get(result, 0), &sender) == 0);
    procspawn_sender_free(sender);
    CU_ASSERT(was_quick());
    json_decref(result);
    end(handle);
}

static void a_receiver_that_hides_what_it_holds_is_freed_at_once(void)
{
    procspawn_receiver *receiver;
    procspawn_handle *handle;
    json_t *result = join_hiding_end(PROCSPAWN_VALUE_RECEIVER, &handle);

    CU_ASSERT_FATAL(procspawn_value_claim_receiver(json_array_get(result, 0), &receiver) == 0);
    procspawn_receiver_free(receiver);
    CU_ASSERT(was_quick());
    json_decref(result);
    end(handle);
}

static void a_pool_is_not_held_up(void)
{
    procspawn_pool *pool;
    procspawn_handle *handle;

    begin();
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, say_what_nobody_knows, NULL, &handle) == 0);
    procspawn_join_timeout(handle, 300 * CALLS_MS, NULL, NULL);
    procspawn_pool_free(pool);
    procspawn_handle_free(handle);
    CU_ASSERT(was_quick());
}

/* ---- channels of users ---- */

static struct linger_pair send_one(int channel)
{
    struct linger_pair pair = linger_open();
    int packed = linger_pack(pair.socket);
    struct wire_value head = { .length = 0 };

    CU_ASSERT_FATAL(wire__send_struct(channel, WIRE_VALUE, &head, sizeof head, packed, true) == 0);
    close(packed);
    return pair;
}

static void a_receiver_is_freed_at_once(void)
{
    for (int shared = 0; shared < 2; shared++) {
        procspawn_sender *sender;
        procspawn_receiver *receiver;
        begin();
        CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
        if (shared)
            json_decref(procspawn_value_receiver(receiver));
        struct linger_pair pair = send_one(procspawn_sender_fd(sender));
        procspawn_receiver_free(receiver);
        procspawn_sender_free(sender);
        CU_ASSERT(was_quick());
        close(pair.peer);
    }
}

static void what_a_message_brings_is_let_go_at_once(void)
{
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    json_t *value;

    begin();
    CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
    struct linger_pair pair = send_one(procspawn_sender_fd(sender));
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, 0, &value), PROCSPAWN_EJSON);
    procspawn_receiver_free(receiver);
    procspawn_sender_free(sender);
    CU_ASSERT(was_quick());
    close(pair.peer);
}

/* The receiver's own descriptor is an epoll set: the socket is the one that it watches. */
static int socket_of(procspawn_receiver *receiver)
{
    char path[64], line[256];
    int fd = -1;

    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", procspawn_receiver_fd(receiver));
    FILE *info = fopen(path, "re");
    while (info && fd < 0 && fgets(line, sizeof line, info))
        sscanf(line, "tfd: %d", &fd);
    if (info)
        fclose(info);
    return fd;
}

/* Another process that has the receiver can set this too. */
static void others_cannot_hide_a_message_from_a_receiver(void)
{
    const int far = 1 << 29;
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    json_t *value = NULL;

    CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
    CU_ASSERT_FATAL(setsockopt(socket_of(receiver), SOL_SOCKET, SO_PEEK_OFF, &far, sizeof far) == 0);
    CU_ASSERT(procspawn_sender_send(sender, json_null()) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, CALLS_SECOND, &value), 0);
    CU_ASSERT(json_is_null(value));
    procspawn_receiver_free(receiver);
    procspawn_sender_free(sender);
}

static void nothing_can_be_sent_to_a_sender(void)
{
    procspawn_sender *sender;
    procspawn_receiver *receiver;

    CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
    CU_ASSERT(send(socket_of(receiver), "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, json_null()), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &(json_t *){ NULL }), 0);
    procspawn_receiver_free(receiver);
    procspawn_sender_free(sender);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_patience_of_a_join_holds),
    TEST(it_holds_against_many_of_them),
    TEST(what_was_not_received_is_left_at_once),
    TEST(what_nothing_names_is_let_go_before_the_join),
    TEST(a_result_that_is_not_taken_is_freed_at_once),
    TEST(a_sender_that_hides_what_it_holds_is_freed_at_once),
    TEST(a_receiver_that_hides_what_it_holds_is_freed_at_once),
    TEST(a_pool_is_not_held_up),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo channel_tests[] = {
    TEST(a_receiver_is_freed_at_once),
    TEST(what_a_message_brings_is_let_go_at_once),
    TEST(others_cannot_hide_a_message_from_a_receiver),
    TEST(nothing_can_be_sent_to_a_sender),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("linger", tests),
    { .pName = "linger_channels", .pTests = channel_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
