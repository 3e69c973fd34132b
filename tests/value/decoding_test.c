/*
 * decoding_test.c - time limits hold against values that take long to decode
 */
#include "tests/support/call_helpers.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <forkscope/channel.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * LONG takes some tenths of a second to decode, ORDINARY some milliseconds. The kernel may give all
 * the time to one of two threads, so a test that needs it otherwise is tried again.
 */
enum { ORDINARY = 1 << 20, LONG = 24 << 20, TRIES = 10 };

static const int64_t moment = CALLS_SECOND / 10;

/* Strings of this length together. Longer ones would not be part of the text (bytes.h). */
static json_t *text_of(size_t length)
{
    enum { LINE = 4000 };
    char bytes[LINE];
    json_t *text = json_array();

    memset(bytes, 'a', sizeof bytes);
    for (size_t left = length, size; left > 0; left -= size) {
        size = left < LINE ? left : LINE;
        json_array_append_new(text, json_stringn_nocheck(bytes, size));
    }
    return text;
}

static json_t *make_text(json_t *length)
{
    json_t *text = text_of((size_t)json_integer_value(length));

    json_decref(length);
    return text;
}

static void check_text(json_t *text, size_t length)
{
    json_t *expected = text_of(length);

    CU_ASSERT_TRUE(json_equal(text, expected));
    json_decref(expected);
    json_decref(text);
}

static bool is_readable(int fd, int timeout)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };

    return poll(&polled, 1, timeout) == 1;
}

/* ---- results ---- */

static procspawn_handle *answered(size_t length)
{
    procspawn_handle *handle = calls_start(make_text, json_integer((json_int_t)length));

    while (!is_readable(procspawn_fd(handle), -1))
        continue;
    return handle;
}

/* How long it takes to decode a long result, in nanoseconds. */
static int64_t time_of_decoding(void)
{
    procspawn_handle *handle = answered(LONG);
    int64_t begun = calls_now();

    check_text(calls_result(handle), LONG);
    return calls_now() - begun;
}

static void a_join_gives_a_result_a_tenth_of_a_second_to_be_decoded(void)
{
    for (int i = 0; i < TRIES; i++) {
        procspawn_handle *handle = answered(ORDINARY);
        json_t *result = NULL;
        int64_t begun = calls_now();
        int rc = procspawn_join_timeout(handle, 0, &result, NULL);
        CU_ASSERT(rc == 0 || calls_now() - begun >= moment);
        if (rc == -ETIMEDOUT)
            rc = procspawn_join(handle, &result, NULL);
        PROCSPAWN_CUNIT_EQUAL(rc, 0);
        check_text(result, ORDINARY);
        procspawn_handle_free(handle);
    }
}

static void a_join_goes_when_its_time_is_up_and_the_result_comes_with_a_later_one(void)
{
    bool went = false;

    for (int i = 0; i < TRIES && !went; i++) {
        procspawn_handle *handle = answered(LONG);
        json_t *result = NULL;
        int rc = procspawn_join_timeout(handle, 0, &result, NULL);
        went = rc == -ETIMEDOUT;
        if (went) {
            CU_ASSERT(!result);
            rc = procspawn_join(handle, &result, NULL);
        }
        PROCSPAWN_CUNIT_EQUAL(rc, 0);
        check_text(result, LONG);
        procspawn_handle_free(handle);
    }
    CU_ASSERT(went);
}

static void a_join_without_an_end_in_sight_can_be_repeated(void)
{
    procspawn_handle *handle = answered(LONG);
    json_t *result = NULL;
    int rc;

    while ((rc = procspawn_join_timeout(handle, CALLS_MS, &result, NULL)) == -ETIMEDOUT)
        CU_ASSERT(!result);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    check_text(result, LONG);
    procspawn_handle_free(handle);
}

/*
 * The descriptor is readable all the time. The decoding of LONG takes some tenths of a second;
 * without waits there would be thousands of joins.
 */
static void a_loop_of_joins_leaves_the_processor_to_the_decoding(void)
{
    procspawn_handle *handle = answered(LONG);
    json_t *result = NULL;
    int64_t begun = calls_now(), joins = 1;

    while (procspawn_join_timeout(handle, 0, &result, NULL) == -ETIMEDOUT)
        joins++;
    CU_ASSERT(joins <= 2 + (calls_now() - begun) / (10 * CALLS_MS));
    check_text(result, LONG);
    procspawn_handle_free(handle);
}

/* A decoding that was not stopped would take all its time but for the first tenth of a second. */
static void freeing_a_handle_does_not_wait_until_the_result_is_decoded(void)
{
    bool quick = false;

    for (int i = 0; i < TRIES && !quick; i++) {
        int64_t needed = time_of_decoding();
        procspawn_handle *handle = answered(LONG);
        int rc = procspawn_join_timeout(handle, 0, NULL, NULL);
        int64_t begun = calls_now();
        procspawn_handle_free(handle);
        quick = rc == -ETIMEDOUT && calls_now() - begun < needed / 4;
    }
    CU_ASSERT(quick);
}

static void a_copy_of_the_program_leaves_the_decoding_alone(void)
{
    procspawn_handle *handle = answered(LONG);
    json_t *result = NULL;
    int status = -1;

    int rc = procspawn_join_timeout(handle, 0, &result, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        bool refused = procspawn_join(handle, &result, NULL) == PROCSPAWN_ENOTOWNER;
        procspawn_handle_free(handle);
        _exit(refused ? 0 : 1);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    if (rc == -ETIMEDOUT)
        rc = procspawn_join(handle, &result, NULL);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    check_text(result, LONG);
    procspawn_handle_free(handle);
}

/* ---- channels ---- */

static procspawn_sender *sender;
static procspawn_receiver *receiver;

static void send_text(size_t length)
{
    json_t *text = text_of(length);

    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, text), 0);
    json_decref(text);
}

static void open_channel(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&sender, &receiver), 0);
}

static void close_channel(void)
{
    procspawn_sender_free(sender);
    procspawn_receiver_free(receiver);
}

static int receive_at_once(json_t **ret_value)
{
    return procspawn_receiver_recv_timeout(receiver, 0, ret_value);
}

/* Sends a long text, and receives it without a patience of its own, until that gives up. */
static void begin_to_decode(void)
{
    json_t *text = NULL;
    int rc = 0;

    for (int i = 0; i < TRIES && rc == 0; i++) {
        send_text(LONG);
        int64_t begun = calls_now();
        rc = receive_at_once(&text);
        CU_ASSERT(rc == 0 || calls_now() - begun >= moment);
        if (rc == 0)
            check_text(text, LONG);
    }
    PROCSPAWN_CUNIT_EQUAL(rc, -ETIMEDOUT);
}

/* Receives what the descriptor promises. */
static void finish_decoding(void)
{
    json_t *text = NULL;

    CU_ASSERT(is_readable(procspawn_receiver_fd(receiver), -1));
    PROCSPAWN_CUNIT_EQUAL(receive_at_once(&text), 0);
    check_text(text, LONG);
    CU_ASSERT(!is_readable(procspawn_receiver_fd(receiver), 0));
    PROCSPAWN_CUNIT_EQUAL(receive_at_once(&text), -ETIMEDOUT);
}

static void a_receive_goes_when_its_time_is_up_and_the_descriptor_tells_of_the_value(void)
{
    open_channel();
    int fd = procspawn_receiver_fd(receiver);
    begin_to_decode();
    finish_decoding();
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_fd(receiver), fd);
    close_channel();
}

static void the_descriptor_may_be_asked_for_while_a_value_is_decoded(void)
{
    open_channel();
    begin_to_decode();
    finish_decoding();
    begin_to_decode();
    finish_decoding();
    close_channel();
}

static void values_keep_their_order_while_one_is_decoded(void)
{
    json_t *text = NULL;
    int rc;

    open_channel();
    begin_to_decode();
    send_text(1);
    while ((rc = receive_at_once(&text)) == -ETIMEDOUT)
        CU_ASSERT(is_readable(procspawn_receiver_fd(receiver), -1));
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    check_text(text, LONG);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &text), 0);
    check_text(text, 1);
    close_channel();
}

static void a_receive_without_limit_has_the_value_that_another_began_to_decode(void)
{
    json_t *text = NULL;

    open_channel();
    begin_to_decode();
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &text), 0);
    check_text(text, LONG);
    close_channel();
}

static void what_came_with_a_value_can_be_taken_when_it_is_decoded(void)
{
    json_t *value = NULL;
    int fd = values_pipe("words"), got = -1;
    json_t *both = json_pack("[o, o]", text_of(LONG), procspawn_value_fd_take(fd));

    open_channel();
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, both), 0);
    json_decref(both);
    while (receive_at_once(&value) == -ETIMEDOUT)
        CU_ASSERT(is_readable(procspawn_receiver_fd(receiver), -1));
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(json_array_get(value, 1), &got), 0);
    CU_ASSERT(values_reads(got, "words"));
    close(got);
    json_decref(value);
    close_channel();
}

static void a_receiver_may_be_freed_while_a_value_is_decoded(void)
{
    open_channel();
    begin_to_decode();
    close_channel();
}

static void a_value_that_is_being_decoded_at_a_fork_is_the_originals(void)
{
    json_t *text = NULL;
    int status = -1;

    open_channel();
    begin_to_decode();
    pid_t pid = fork();
    if (pid == 0) {
        bool empty = receive_at_once(&text) == -ETIMEDOUT;
        send_text(1);
        bool works = procspawn_receiver_recv(receiver, &text) == 0;
        close_channel();
        _exit(empty && works ? 0 : 1);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    finish_decoding();
    close_channel();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_join_gives_a_result_a_tenth_of_a_second_to_be_decoded),
    TEST(a_join_goes_when_its_time_is_up_and_the_result_comes_with_a_later_one),
    TEST(a_join_without_an_end_in_sight_can_be_repeated),
    TEST(a_loop_of_joins_leaves_the_processor_to_the_decoding),
    TEST(freeing_a_handle_does_not_wait_until_the_result_is_decoded),
    TEST(a_copy_of_the_program_leaves_the_decoding_alone),
    TEST(a_receive_goes_when_its_time_is_up_and_the_descriptor_tells_of_the_value),
    TEST(the_descriptor_may_be_asked_for_while_a_value_is_decoded),
    TEST(values_keep_their_order_while_one_is_decoded),
    TEST(a_receive_without_limit_has_the_value_that_another_began_to_decode),
    TEST(what_came_with_a_value_can_be_taken_when_it_is_decoded),
    TEST(a_receiver_may_be_freed_while_a_value_is_decoded),
    TEST(a_value_that_is_being_decoded_at_a_fork_is_the_originals),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "decoding", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    procspawn_cunit_setup(values_begin);
    procspawn_cunit_teardown(values_end);
    return procspawn_cunit_run(suites, argc, argv);
}
