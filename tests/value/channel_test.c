/*
 * channel_test.c - channels: order, ends, copies of senders, and senders that lie or die
 */
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/channel_helpers.h"
#include "tests/support/descriptor_room.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <forkscope/channel.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Shared with a thread of the test. */
static procspawn_sender *freed_there;
static bool stopped;

/* ---- functions for the children ---- */

enum { COUNT = 2000 };

static json_t *count_up(json_t *argument)
{
    procspawn_sender *to = channel_take_sender(argument);

    for (int i = 0; i < COUNT; i++) {
        json_t *value = json_integer(i);
        if (procspawn_sender_send(to, value) < 0)
            return NULL;
        json_decref(value);
    }
    return json_null();
}

static json_t *send_and_die(json_t *argument)
{
    procspawn_sender *to = channel_take_sender(argument);
    json_t *value = json_integer(4711);

    procspawn_sender_send(to, value);
    kill(getpid(), SIGKILL);
    return value;
}

static json_t *send_garbage(json_t *argument)
{
    int fd = procspawn_sender_fd(channel_take_sender(argument));
    static const char forged[] = "{\"\\u0001forkscope\":\"fd:0\"}";
    struct wire_value head = { .length = sizeof forged - 1, .reserved_keys = 1 };
    struct wire_part parts[] = { { &head, sizeof head }, { forged, sizeof forged - 1 } };

    send(fd, "", 0, 0);
    send(fd, "rubbish", 7, 0);
    wire__send(fd, WIRE_DEATH, parts, 2, NULL, 0, false);
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    head.length = 1 << 30;
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    head.place = WIRE_IN_MEMFD;
    wire__send(fd, WIRE_VALUE, parts, 1, &fd, 1, false);
    wire__send(fd, WIRE_VALUE, parts, 1, NULL, 0, false);
    head = (struct wire_value){ .length = sizeof forged - 1 };
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    head.length = 1;
    parts[1].length = 1;
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    return json_null();
}

/* ---- tests ---- */

static void messages_arrive_in_their_order_and_then_the_end(void)
{
    channel_open();
    procspawn_handle *handle = channel_start(count_up);
    for (int i = 0; i < COUNT; i++)
        PROCSPAWN_CUNIT_EQUAL(channel_next(), i);
    PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
    PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
    json_decref(calls_result(handle));
    procspawn_receiver_free(receiver);
}

static void several_processes_send_to_one_receiver(void)
{
    enum { SENDERS = 4 };
    procspawn_handle *handles[SENDERS];
    json_int_t sum = 0;

    channel_open();
    for (int i = 0; i < SENDERS; i++)
        handles[i] = calls_start(count_up, procspawn_value_sender(sender));
    channel_close_sender();
    for (int i = 0; i < SENDERS * COUNT; i++)
        sum += channel_next();
    PROCSPAWN_CUNIT_EQUAL(sum, SENDERS * (json_int_t)COUNT * (COUNT - 1) / 2);
    PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
    for (int i = 0; i < SENDERS; i++)
        json_decref(calls_result(handles[i]));
    procspawn_receiver_free(receiver);
}

static void the_death_of_the_last_sender_is_the_end(void)
{
    channel_open();
    procspawn_handle *handle = channel_start(send_and_die);
    PROCSPAWN_CUNIT_EQUAL(channel_next(), 4711);
    PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
    procspawn_error_free(calls_error(handle));
    procspawn_receiver_free(receiver);
}

static void *free_senders(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&stopped, __ATOMIC_ACQUIRE)) {
        procspawn_sender *last = __atomic_exchange_n(&freed_there, NULL, __ATOMIC_ACQ_REL);
        procspawn_sender_free(last);
    }
    return NULL;
}

static int look_until_the_end(void)
{
    json_t *value = NULL;
    int rc;

    do {
        rc = procspawn_receiver_recv_timeout(receiver, 0, &value);
    } while (rc == -ETIMEDOUT);
    return rc;
}

/* The last sender goes at any moment of a receipt. */
static void the_end_is_told_as_such_whenever_it_comes(void)
{
    enum { CHANNELS = 200 };
    int others = 0;
    pthread_t thread;

    __atomic_store_n(&stopped, false, __ATOMIC_RELEASE);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, free_senders, NULL), 0);
    for (int i = 0; i < CHANNELS; i++) {
        channel_open();
        __atomic_store_n(&freed_there, sender, __ATOMIC_RELEASE);
        sender = NULL;
        others += look_until_the_end() != -EPIPE;
        channel_close();
    }
    __atomic_store_n(&stopped, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    PROCSPAWN_CUNIT_EQUAL(others, 0);
}

static void a_sender_here_keeps_the_channel_open(void)
{
    json_t *value;

    channel_open();
    procspawn_sender *other;
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_dup(sender, &other), 0);
    channel_close_sender();
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, 0, &value), -ETIMEDOUT);
    procspawn_sender_free(other);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, 0, &value), -EPIPE);
    procspawn_receiver_free(receiver);
    procspawn_sender_free(NULL);
    procspawn_receiver_free(NULL);
}

static void hostile_messages_are_errors_and_the_channel_goes_on(void)
{
    static const int expected[] = {
        -EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPROTO, 0, PROCSPAWN_EJSON, -EPIPE,
    };

    channel_open();
    unsigned before = calls_descriptors();
    json_decref(calls_result(channel_start(send_garbage)));
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
        PROCSPAWN_CUNIT_EQUAL(channel_end(), expected[i]);
    calls_check_descriptors(before - 1);
    procspawn_receiver_free(receiver);
}

/* Tasks that wait, in the mode that is given, and what they return when they are only asked. */

static void a_thousand_channels_leave_no_descriptor(void)
{
    enum { ROUNDS = 1000 };
    unsigned before = calls_descriptors();

    for (int i = 0; i < ROUNDS; i++) {
        procspawn_handle *handle;
        channel_open();
        json_t *argument = json_pack("[o,o]", procspawn_value_sender(sender),
                                     procspawn_value_receiver(receiver));
        json_t *result = values_call(calls_echo, argument, &handle);
        procspawn_sender *back = NULL;
        PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_sender(json_array_get(result, 0), &back), 0);
        channel_send(back, i);
        PROCSPAWN_CUNIT_EQUAL(channel_next(), i);
        procspawn_sender_free(back);
        json_decref(result);
        procspawn_handle_free(handle);
        channel_close();
    }
    calls_check_descriptors(before);
}

/* ---- shortages ---- */

/* The only free number is still noted for a sender that the program has closed. */
static void a_copy_of_a_sender_without_a_number_for_it_is_refused(void)
{
    procspawn_sender *closed = NULL, *copy = NULL;
    struct room room;

    channel_open();
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_dup(sender, &closed), 0);
    room_fill(&room);
    close(procspawn_sender_fd(closed));
    int rc = procspawn_sender_dup(sender, &copy);
    room_end(&room);
    PROCSPAWN_CUNIT_EQUAL(rc, -EMFILE);
    CU_ASSERT_PTR_NULL(copy);
    procspawn_sender_free(copy);
    procspawn_sender_free(closed);
    channel_close();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(messages_arrive_in_their_order_and_then_the_end),
    TEST(several_processes_send_to_one_receiver),
    TEST(the_death_of_the_last_sender_is_the_end),
    TEST(the_end_is_told_as_such_whenever_it_comes),
    TEST(a_sender_here_keeps_the_channel_open),
    TEST(a_copy_of_a_sender_without_a_number_for_it_is_refused),
    TEST(hostile_messages_are_errors_and_the_channel_goes_on),
    TEST(a_thousand_channels_leave_no_descriptor),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("channel", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
