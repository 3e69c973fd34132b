/*
 * channel_message_test.c - channels: what messages carry, and what becomes of it
 */
#include "tests/support/channel_helpers.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <forkscope/channel.h>
#include <forkscope/shmem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- functions for the children ---- */

static json_t *make_channel(json_t *argument)
{
    procspawn_sender *to;
    procspawn_receiver *from;

    (void)argument;
    if (procspawn_channel_new(&to, &from) < 0)
        return NULL;
    json_t *value = json_string("left behind");
    procspawn_sender_send(to, value);
    procspawn_sender_free(to);
    return procspawn_value_receiver_take(from);
}

/* Receives senders, and sends each its number until there are no more. */
static json_t *number_them(json_t *argument)
{
    procspawn_receiver *from;
    json_t *value;
    int count = 0;

    if (procspawn_value_claim_receiver(argument, &from) < 0)
        return NULL;
    while (procspawn_receiver_recv(from, &value) == 0) {
        procspawn_sender *to = channel_take_sender(json_object_get(value, "to"));
        json_t *number = json_integer(count++);
        procspawn_sender_send(to, number);
        procspawn_sender_free(to);
        json_decref(number);
        json_decref(value);
    }
    return json_integer(count);
}

/* ---- tests ---- */

static void large_values_travel_in_memory_of_their_own(void)
{
    enum { SIZE = 8 << 20 };
    char *text = malloc(SIZE + 1);
    json_t *value, *back = NULL;

    memset(text, 'y', SIZE);
    text[SIZE] = '\0';
    value = json_pack("[s]", text);
    channel_open();
    for (int i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send_timeout(sender, value, 0), 0);
    for (int i = 0; i < 3; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &back), 0);
        CU_ASSERT(json_equal(value, back));
        json_decref(back);
    }
    json_decref(value);
    free(text);
    channel_close();
}

static void descriptors_and_buffers_travel_inside_messages(void)
{
    procspawn_shmem *shmem, *there = NULL;
    json_t *back = NULL;
    int fd = -1;

    channel_open();
    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new("bytes", 5, &shmem), 0);
    json_t *value = json_pack("{s:[o], s:o}", "fd", procspawn_value_fd_take(values_pipe("through")),
                              "shmem", procspawn_value_shmem(shmem));
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), 0);
    procspawn_shmem_unref(shmem);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &back), 0);
    json_t *inside = json_array_get(json_object_get(back, "fd"), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(inside, &fd), 0);
    CU_ASSERT(values_reads(fd, "through"));
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_shmem(json_object_get(back, "shmem"), &there), 0);
    CU_ASSERT(there && memcmp(procspawn_shmem_data(there), "bytes", 5) == 0);
    procspawn_shmem_unref(there);
    close(fd);
    json_decref(back);
    json_decref(value);
    channel_close();
}

static void what_was_not_taken_is_closed_with_the_next_message(void)
{
    json_t *value, *back[3];
    int fd = -1;

    channel_open();
    unsigned before = calls_descriptors();
    for (int i = 0; i < 3; i++) {
        value = procspawn_value_fd_take(values_pipe("x"));
        PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), 0);
        json_decref(value);
    }
    for (int i = 0; i < 3; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &back[i]), 0);
        calls_check_descriptors(before + 1);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(back[0], &fd), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(back[2], &fd), 0);
    close(fd);
    for (int i = 0; i < 3; i++)
        json_decref(back[i]);
    channel_close();
}

static void a_receiver_comes_back_with_its_messages(void)
{
    procspawn_handle *handle;
    json_t *result = values_call(make_channel, NULL, &handle), *value = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_receiver(result, &receiver), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), 0);
    calls_check_text(value, "left behind");
    PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
    procspawn_receiver_free(receiver);
    json_decref(result);
    procspawn_handle_free(handle);
}

static void channels_travel_through_channels(void)
{
    enum { MANY = 20 };
    procspawn_sender *requests;
    procspawn_receiver *given;

    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&requests, &given), 0);
    procspawn_handle *handle = calls_start(number_them, procspawn_value_receiver_take(given));
    for (int i = 0; i < MANY; i++) {
        channel_open();
        json_t *request = json_pack("{s:o}", "to", procspawn_value_sender_take(sender));
        PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(requests, request), 0);
        json_decref(request);
        PROCSPAWN_CUNIT_EQUAL(channel_next(), i);
        PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
        procspawn_receiver_free(receiver);
    }
    procspawn_sender_free(requests);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), MANY);
}

static void values_that_cannot_be_sent_are_errors(void)
{
    json_t *deep = json_array(), *closed = procspawn_value_fd(-1), *many = json_array();

    channel_open();
    for (int i = 0; i < 3000; i++)
        deep = json_pack("[o]", deep);
    for (int i = 0; i <= PROCSPAWN_DESCRIPTORS_MAX; i++)
        json_array_append_new(many, procspawn_value_fd(0));
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, deep), PROCSPAWN_EJSON);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, closed), -EBADF);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, many), PROCSPAWN_EDESCRIPTORS);
    json_decref(many);
    json_decref(closed);
    json_decref(deep);
    channel_close();
}

/* ---- shortages ---- */

static bool no_memory;

static void *refuse(size_t size)
{
    return no_memory ? NULL : malloc(size);
}

static void a_message_without_memory_for_it_comes_with_the_next_call(void)
{
    json_t *value = NULL;

    channel_open();
    json_set_alloc_funcs(refuse, free);
    channel_send(sender, 7);
    channel_send(sender, 8);
    channel_close_sender();
    no_memory = true;
    for (int i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, 0, &value), -ENOMEM);
    no_memory = false;
    CU_ASSERT(channel_next() == 7);
    CU_ASSERT(channel_next() == 8);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), -EPIPE);
    channel_close();
}

static void a_message_that_is_kept_goes_with_its_receiver(void)
{
    json_t *value = NULL;
    int pipe_ends[2];
    char byte;

    channel_open();
    CU_ASSERT_FATAL(pipe(pipe_ends) == 0);
    json_set_alloc_funcs(refuse, free);
    json_t *channel_end = procspawn_value_fd_take(pipe_ends[1]);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, channel_end), 0);
    json_decref(channel_end);
    no_memory = true;
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, 0, &value), -ENOMEM);
    no_memory = false;
    channel_close();
    CU_ASSERT(read(pipe_ends[0], &byte, 1) == 0);
    close(pipe_ends[0]);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(large_values_travel_in_memory_of_their_own),
    TEST(descriptors_and_buffers_travel_inside_messages),
    TEST(what_was_not_taken_is_closed_with_the_next_message),
    TEST(a_receiver_comes_back_with_its_messages),
    TEST(channels_travel_through_channels),
    TEST(values_that_cannot_be_sent_are_errors),
    TEST(a_message_without_memory_for_it_comes_with_the_next_call),
    TEST(a_message_that_is_kept_goes_with_its_receiver),
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
