/*
 * channel_wait_test.c - channels: waiting for a message or for room, its time limits, and its end
 * by a cancel
 */
#include "tests/support/channel_helpers.h"
#include "tests/support/descriptor_room.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <forkscope/channel.h>
#include <forkscope/scope.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

/* ---- functions for the children ---- */

enum { COUNT = 2000 };

/* ---- tests ---- */

static void receiving_has_a_patience(void)
{
    json_t *value = NULL;

    channel_open();
    int64_t begin = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(receiver, 30 * CALLS_MS, &value),
                          -ETIMEDOUT);
    CU_ASSERT(calls_now() - begin >= 30 * CALLS_MS);
    CU_ASSERT_PTR_NULL(value);
    channel_close();
}

/* Sends until there is no room; returns how many were sent. */
static int fill(json_t *value)
{
    int count = 0;

    while (procspawn_sender_send_timeout(sender, value, 0) == 0)
        count++;
    return count;
}

static void sending_waits_for_room_and_has_a_patience(void)
{
    json_t *value = json_string("some words");

    channel_open();
    int count = fill(value);
    CU_ASSERT(count > 50);
    int64_t begin = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send_timeout(sender, value, 30 * CALLS_MS), -ETIMEDOUT);
    CU_ASSERT(calls_now() - begin >= 30 * CALLS_MS);
    channel_close_sender();
    while (count-- > 0)
        PROCSPAWN_CUNIT_EQUAL(channel_end(), 0);
    PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
    json_decref(value);
    procspawn_receiver_free(receiver);
}

static void *drain(void *unused)
{
    while (channel_end() == 0)
        continue;
    return unused;
}

static void a_waiting_sender_goes_on_when_there_is_room(void)
{
    pthread_t thread;
    json_t *value = json_string("some words");

    channel_open();
    fill(value);
    pthread_create(&thread, NULL, drain, NULL);
    for (int i = 0; i < COUNT; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), 0);
    channel_close_sender();
    pthread_join(thread, NULL);
    json_decref(value);
    procspawn_receiver_free(receiver);
}

static void sending_to_nobody_is_an_error_and_no_signal(void)
{
    json_t *value = json_integer(1);

    channel_open();
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), 0);
    procspawn_receiver_free(receiver);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), -EPIPE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, NULL), -EPIPE);
    json_decref(value);
    channel_close_sender();
}

static void *free_receiver(void *unused)
{
    procspawn_receiver_free(receiver);
    return unused;
}

static void a_waiting_sender_hears_that_the_receiver_is_gone(void)
{
    pthread_t thread;
    json_t *value = json_string("some words");

    channel_open();
    fill(value);
    pthread_create(&thread, NULL, free_receiver, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), -EPIPE);
    pthread_join(thread, NULL);
    json_decref(value);
    channel_close_sender();
}

static void both_ends_can_be_waited_for_with_epoll(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };

    channel_open();
    epoll_ctl(epoll, EPOLL_CTL_ADD, procspawn_receiver_fd(receiver), &event);
    PROCSPAWN_CUNIT_EQUAL(epoll_wait(epoll, &event, 1, 0), 0);
    channel_send(sender, 7);
    PROCSPAWN_CUNIT_EQUAL(epoll_wait(epoll, &event, 1, 1000), 1);
    PROCSPAWN_CUNIT_EQUAL(channel_next(), 7);
    PROCSPAWN_CUNIT_EQUAL(epoll_wait(epoll, &event, 1, 0), 0);
    struct pollfd room = { .fd = procspawn_sender_fd(sender), .events = POLLOUT };
    PROCSPAWN_CUNIT_EQUAL(poll(&room, 1, 0), 1);
    channel_close_sender();
    PROCSPAWN_CUNIT_EQUAL(epoll_wait(epoll, &event, 1, 1000), 1);
    PROCSPAWN_CUNIT_EQUAL(channel_end(), -EPIPE);
    procspawn_receiver_free(receiver);
    close(epoll);
}

static void *wait_for_ever(void *unused)
{
    json_t *value;

    procspawn_receiver_recv(receiver, &value);
    return unused;
}

static void *send_for_ever(void *unused)
{
    json_t *value = json_string("some words");

    pthread_cleanup_push((void (*)(void *))json_delete, value);
    while (procspawn_sender_send(sender, value) == 0)
        continue;
    pthread_cleanup_pop(1);
    return unused;
}

/* Whether it waits already or is about to makes no difference. */
static void cancel(pthread_t thread)
{
    void *result;

    pthread_cancel(thread);
    pthread_join(thread, &result);
    CU_ASSERT_PTR_EQUAL(result, PTHREAD_CANCELED);
}

/* Tasks that wait, in the mode that is given, and what they return when they are only asked. */

static int receive_in_task(void *arg)
{
    json_t *value;

    (void)arg;
    scoped_notify_started();
    return procspawn_receiver_recv(receiver, &value);
}

static int fill_in_task(void *value)
{
    int rc = 0;

    scoped_notify_started();
    while (rc == 0)
        rc = procspawn_sender_send(sender, value);
    return rc;
}

/* Whether it has begun to wait is not to be seen: it is cancelled before, or meanwhile. */
static void cancel_in_task(enum scoped_cancel_mode mode, int64_t grace,
                           scoped_leaf_function *function, void *arg)
{
    struct scoped_options options = { .cancel = mode, .grace = grace };
    struct scoped_parent_signals signals;
    struct timespec moment = { 0, 20000000 };
    scoped_spawner root;
    int status = 0;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open_with(&options, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_spawn_leaf_with_signal(root, function, arg, NULL, &signals), 0);
    scoped_done_receiver_wait_started_until(signals.done_receiver, SCOPED_FOREVER);
    nanosleep(&moment, NULL);
    scoped_cancel_sender_free(signals.cancel_sender);
    int64_t deadline = forkscope_after(20 * CALLS_SECOND);
    CU_ASSERT_EQUAL(scoped_done_receiver_wait_until(signals.done_receiver, deadline), 0);
    CU_ASSERT_EQUAL(scoped_done_receiver_status(signals.done_receiver, &status), 0);
    CU_ASSERT_EQUAL(status, -ECANCELED);
    scoped_done_receiver_free(signals.done_receiver);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
}

static void cancel_in_modes(scoped_leaf_function *function, void *arg)
{
    cancel_in_task(SCOPED_CANCEL_FORCED, 0, function, arg);
    cancel_in_task(SCOPED_CANCEL_WAITS, 0, function, arg);
    cancel_in_task(SCOPED_CANCEL_ASKS, 0, function, arg);
    cancel_in_task(SCOPED_CANCEL_FORCED, 60 * CALLS_SECOND, function, arg);
}

static void waiting_hears_of_a_cancel_in_every_mode(void)
{
    json_t *text = json_string("message");

    channel_open();
    cancel_in_modes(receive_in_task, NULL);
    cancel_in_modes(fill_in_task, text);
    json_decref(text);
    channel_close();
}

static void waiting_is_a_cancellation_point_and_loses_nothing(void)
{
    pthread_t thread;

    channel_open();
    pthread_create(&thread, NULL, wait_for_ever, NULL);
    cancel(thread);
    channel_send(sender, 1);
    PROCSPAWN_CUNIT_EQUAL(channel_next(), 1);
    pthread_create(&thread, NULL, send_for_ever, NULL);
    cancel(thread);
    channel_close();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(receiving_has_a_patience),
    TEST(sending_waits_for_room_and_has_a_patience),
    TEST(a_waiting_sender_goes_on_when_there_is_room),
    TEST(sending_to_nobody_is_an_error_and_no_signal),
    TEST(a_waiting_sender_hears_that_the_receiver_is_gone),
    TEST(both_ends_can_be_waited_for_with_epoll),
    TEST(waiting_is_a_cancellation_point_and_loses_nothing),
    TEST(waiting_hears_of_a_cancel_in_every_mode),
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
