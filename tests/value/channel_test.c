/*
 * channel_test.c - channels: order, ends, time limits, sizes, and senders that lie or die
 */
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/channel_helpers.h"
#include "tests/support/descriptor_room.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <forkscope/channel.h>
#include <forkscope/scope.h>
#include <forkscope/shmem.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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
    struct wire_value head = { .length = sizeof forged - 1, .marked = 1 };
    struct wire_part parts[] = { { &head, sizeof head }, { forged, sizeof forged - 1 } };

    send(fd, "", 0, 0);
    send(fd, "rubbish", 7, 0);
    wire__send(fd, WIRE_DEATH, parts, 2, NULL, 0, false);
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    head.length = 1 << 30;
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    head.in_memfd = 1;
    wire__send(fd, WIRE_VALUE, parts, 1, &fd, 1, false);
    wire__send(fd, WIRE_VALUE, parts, 1, NULL, 0, false);
    head = (struct wire_value){ .length = sizeof forged - 1 };
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    head.length = 1;
    parts[1].length = 1;
    wire__send(fd, WIRE_VALUE, parts, 2, NULL, 0, false);
    return json_null();
}

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

    if (procspawn_take_receiver(argument, &from) < 0)
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
    PROCSPAWN_CUNIT_EQUAL(procspawn_take_fd(inside, &fd), 0);
    CU_ASSERT(values_reads(fd, "through"));
    PROCSPAWN_CUNIT_EQUAL(procspawn_take_shmem(json_object_get(back, "shmem"), &there), 0);
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
    PROCSPAWN_CUNIT_EQUAL(procspawn_take_fd(back[0], &fd), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_take_fd(back[2], &fd), 0);
    close(fd);
    for (int i = 0; i < 3; i++)
        json_decref(back[i]);
    channel_close();
}

static void a_receiver_comes_back_with_its_messages(void)
{
    procspawn_handle *handle;
    json_t *result = values_call(make_channel, NULL, &handle), *value = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_take_receiver(result, &receiver), 0);
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
    scoped_started();
    return procspawn_receiver_recv(receiver, &value);
}

static int fill_in_task(void *value)
{
    int rc = 0;

    scoped_started();
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
    scoped_done_receiver_wait_started(signals.done_receiver, SCOPED_FOREVER);
    nanosleep(&moment, NULL);
    scoped_cancel_sender_free(signals.cancel_sender);
    int64_t deadline = scoped_deadline_in(20 * CALLS_SECOND);
    CU_ASSERT_EQUAL(scoped_done_receiver_wait_until(signals.done_receiver, deadline), 0);
    CU_ASSERT_EQUAL(scoped_done_receiver_status(signals.done_receiver, &status), 0);
    CU_ASSERT_EQUAL(status, -ECANCELED);
    scoped_done_receiver_free(signals.done_receiver);
    scoped_spawner_close(root, SCOPED_FOREVER);
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
        PROCSPAWN_CUNIT_EQUAL(procspawn_take_sender(json_array_get(result, 0), &back), 0);
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
    TEST(receiving_has_a_patience),
    TEST(sending_waits_for_room_and_has_a_patience),
    TEST(a_waiting_sender_goes_on_when_there_is_room),
    TEST(sending_to_nobody_is_an_error_and_no_signal),
    TEST(a_waiting_sender_hears_that_the_receiver_is_gone),
    TEST(large_values_travel_in_memory_of_their_own),
    TEST(descriptors_and_buffers_travel_inside_messages),
    TEST(what_was_not_taken_is_closed_with_the_next_message),
    TEST(a_receiver_comes_back_with_its_messages),
    TEST(channels_travel_through_channels),
    TEST(hostile_messages_are_errors_and_the_channel_goes_on),
    TEST(values_that_cannot_be_sent_are_errors),
    TEST(both_ends_can_be_waited_for_with_epoll),
    TEST(waiting_is_a_cancellation_point_and_loses_nothing),
    TEST(waiting_hears_of_a_cancel_in_every_mode),
    TEST(a_thousand_channels_leave_no_descriptor),
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
