/*
 * link_test.c - the link of a child to its server: its effects on the child itself, on others, and
 * on the server
 */
#include "src/wire/call.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOMEBODY = 1234 };

/* ---- its own link alone ---- */

/* Shuts whatever socket it has, that of its own answer too. */
static json_t *shut_everything(json_t *null)
{
    enum { DESCRIPTORS = 64 };

    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++)
        shutdown(fd, SHUT_RDWR);
    return null;
}

/* Has a child of its own: true, or the error code of why not. */
static json_t *nest(json_t *null)
{
    procspawn_handle *handle;
    json_t *result = NULL;
    int rc = procspawn(calls_echo, null, &handle);

    if (rc < 0)
        return json_integer(rc);
    rc = procspawn_join(handle, &result, NULL);
    json_decref(result);
    procspawn_handle_free(handle);
    return rc == 0 ? json_true() : json_integer(rc);
}

static void all_nest(int count)
{
    for (int i = 0; i < count; i++) {
        json_t *result = calls_result(calls_start(nest, NULL));
        CU_ASSERT(json_is_true(result));
        json_decref(result);
    }
}

static void shutting_its_link_harms_no_other_child(void)
{
    procspawn_error_free(calls_error(calls_start(shut_everything, NULL)));
    all_nest(40);
}

static json_t *break_the_rules_and_nest(json_t *null)
{
    struct wire_limit body = { 0 };

    wire__send_struct(raw_link(), WIRE_LIMIT, &body, sizeof body - 1, -1, false);
    return nest(null);
}

static void who_breaks_the_rules_has_no_link_any_more(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(break_the_rules_and_nest, NULL)),
                          PROCSPAWN_ESERVER);
    all_nest(10);
}

/* Sends a message that only the host or the root may send, or that goes elsewhere. */
static json_t *say_what_others_say_and_nest(json_t *type)
{
    const struct wire_end body = { 0 };
    const int64_t number = json_integer_value(type);
    const struct wire_part part = { &body, number == WIRE_LOOK ? 0 : sizeof body };

    wire__send(raw_link(), (enum wire_type)number, &part, 1, NULL, 0, false);
    return nest(json_null());
}

static void who_says_what_others_may_say_has_no_link_any_more(void)
{
    const enum wire_type types[] = { WIRE_LOOK, WIRE_END, WIRE_READY, WIRE_CALL };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        procspawn_handle *call = calls_start(say_what_others_say_and_nest, json_integer(types[i]));
        PROCSPAWN_CUNIT_EQUAL(calls_integer(call), PROCSPAWN_ESERVER);
    }
    all_nest(10);
}

static json_t *has_link(json_t *null)
{
    (void)null;
    return json_boolean(raw_link() >= 0);
}

static void who_may_have_no_children_has_no_link(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_may_spawn(builder, false);
    json_t *result = calls_result(calls_build(builder, has_link, NULL));
    CU_ASSERT(json_is_false(result));
    json_decref(result);
    procspawn_builder_free(builder);
}

static void who_has_other_ids_has_children_all_the_same(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_uid(builder, SOMEBODY);
    json_t *result = calls_result(calls_build(builder, nest, NULL));
    CU_ASSERT(json_is_true(result));
    json_decref(result);
    procspawn_builder_free(builder);
}

/* ---- descriptors whose last close blocks ---- */

enum { LINGER = 15, ATTACKERS = 6, VICTIMS = 4 };

/* Starts the attack in children of both servers; then deadlines are to be kept there. */
static void check_deadlines_beside(procspawn_function *attack)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *victims[VICTIMS], *attackers[ATTACKERS];
    int port = 0;
    int listener = raw_listen(&port);

    for (int i = 0; i < ATTACKERS; i++)
        attackers[i] = calls_start(attack, json_integer(port));
    for (int i = 0; i < ATTACKERS; i++)
        json_decref(calls_result(attackers[i]));
    int64_t start = calls_now();
    procspawn_builder_total_limit(builder, CALLS_SECOND / 5);
    for (int i = 0; i < VICTIMS; i++)
        victims[i] = calls_build(builder, calls_hang, NULL);
    for (int i = 0; i < VICTIMS; i++)
        calls_check_error(calls_error(victims[i]), PROCSPAWN_ERROR_TIMED_OUT,
                          PROCSPAWN_CAUSE_TIME_LIMIT);
    CU_ASSERT(calls_now() - start < LINGER * CALLS_SECOND / 3);
    procspawn_builder_free(builder);
    close(listener);
}

static int lingering_socket(const json_t *port)
{
    return raw_lingering_socket((int)json_integer_value(port), LINGER);
}

static json_t *send_to_server(json_t *argument)
{
    struct wire_limit body = { 0 };
    int fd = lingering_socket(argument);

    for (int i = 0; i < 3; i++)
        wire__send_struct(raw_link(), WIRE_LIMIT, &body, sizeof body, fd, true);
    return fd < 0 ? NULL : json_incref(argument);
}

static void descriptors_in_requests_block_no_server(void)
{
    check_deadlines_beside(send_to_server);
}

static json_t *send_nothing_but_descriptors(json_t *argument)
{
    int fd = lingering_socket(argument);

    raw_send_empty(raw_link(), -1);
    for (int i = 0; i < 3; i++)
        raw_send_empty(raw_link(), fd);
    return fd < 0 ? NULL : json_incref(argument);
}

static void descriptors_in_empty_messages_block_no_server(void)
{
    check_deadlines_beside(send_nothing_but_descriptors);
}

/* The nested child reads one message and leaves; the others stay in the queue. */
static json_t *send_to_nested_child(json_t *argument)
{
    struct wire_call call = { .flags = 0 };
    int fd = lingering_socket(argument);
    int channel = raw_ask(1);

    for (int i = 0; i < 3; i++)
        wire__send_struct(channel, WIRE_CALL, &call, sizeof call, fd, true);
    for (int i = 0; i < 3; i++)
        raw_send_empty(channel, fd);
    return channel < 0 || fd < 0 ? NULL : json_incref(argument);
}

static void descriptors_that_a_nested_child_left_block_no_server(void)
{
    check_deadlines_beside(send_to_nested_child);
}

/* Takes the channel out of the offer, which stays in the queue. */
static int peek_at_offer(void)
{
    struct wire_fork body = { .count = 1 };
    struct pollfd link = { .fd = raw_link(), .events = POLLIN };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .bytes = { 0 } };
    char byte;
    struct iovec iov = { &byte, sizeof byte };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control.bytes };
    int channel = -1;

    wire__send_struct(link.fd, WIRE_FORK, &body, sizeof body, -1, false);
    if (poll(&link, 1, 5000) == 1 && recvmsg(link.fd, &message, MSG_PEEK) > 0 &&
        CMSG_FIRSTHDR(&message))
        memcpy(&channel, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof channel);
    return channel;
}

static json_t *leave_in_offers(json_t *argument)
{
    int fd = lingering_socket(argument);
    int channel = peek_at_offer();

    for (int i = 0; i < 3; i++)
        raw_send_empty(channel, fd);
    return channel < 0 || fd < 0 ? NULL : json_incref(argument);
}

static void descriptors_behind_offers_that_nobody_took_block_no_server(void)
{
    check_deadlines_beside(leave_in_offers);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(shutting_its_link_harms_no_other_child),
    TEST(who_breaks_the_rules_has_no_link_any_more),
    TEST(who_says_what_others_may_say_has_no_link_any_more),
    TEST(who_may_have_no_children_has_no_link),
    TEST(descriptors_in_requests_block_no_server),
    TEST(descriptors_in_empty_messages_block_no_server),
    TEST(descriptors_that_a_nested_child_left_block_no_server),
    TEST(descriptors_behind_offers_that_nobody_took_block_no_server),
    CU_TEST_INFO_NULL,
};

/* Only root can change its user. */
static CU_TestInfo root_tests[] = {
    TEST(who_has_other_ids_has_children_all_the_same),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("link", tests),
    CALLS_SUITE("link_rights", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
