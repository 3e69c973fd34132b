/*
 * shortage_test.c - messages of children for which the host has no room, and malformed ones
 */
#include "src/child/reply.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/descriptor_room.h"

#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 100000 };

static json_t *long_text(json_t *argument)
{
    static char text[LENGTH];

    (void)argument;
    memset(text, 'x', sizeof text);
    return json_stringn_nocheck(text, sizeof text);
}

static json_t *long_text_when_told(json_t *argument)
{
    char byte;
    int fd;

    if (procspawn_value_claim_fd(argument, &fd) < 0 || read(fd, &byte, 1) != 1)
        return NULL;
    return long_text(NULL);
}

static void wait_for_message(const procspawn_handle *handle)
{
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };
    CU_ASSERT(poll(&fd, 1, 20000) == 1);
}

static void a_join_without_room_says_so_and_can_be_repeated(void)
{
    procspawn_handle *handle = calls_start(long_text, NULL);
    procspawn_error *error = NULL;
    json_t *result = NULL;
    struct room room;

    wait_for_message(handle);
    room_fill(&room);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, &result, &error), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 0, &result, &error), -EMFILE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), -EMFILE);
    room_end(&room);
    CU_ASSERT(!result && !error);
    result = calls_result(handle);
    PROCSPAWN_CUNIT_EQUAL(json_string_length(result), LENGTH);
    json_decref(result);
}

static void a_process_of_a_scope_outlives_a_shortage(void)
{
    struct room room;
    scoped_spawner root;
    procspawn_handle *handle;
    json_t *result = NULL;
    int word[2];

    CU_ASSERT_FATAL(pipe(word) == 0 && scoped_spawner_open(NULL, &root) == 0);
    json_t *argument = procspawn_value_fd(word[0]);
    CU_ASSERT_FATAL(scoped_procspawn(root, NULL, long_text_when_told, argument, &handle) == 0);
    json_decref(argument);
    room_fill(&room);
    CU_ASSERT(write(word[1], "", 1) == 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 300 * CALLS_MS, &result, NULL),
                          -ETIMEDOUT);
    room_end(&room);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, &result, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(json_string_length(result), LENGTH);
    json_decref(result);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    close(word[0]);
    close(word[1]);
}

/* ---- memory ---- */

enum { LARGE = 8 << 20, LITTLE = 2 << 20 };

static json_t *large_text(json_t *argument)
{
    char *text = malloc(LARGE);

    (void)argument;
    memset(text, 'x', LARGE);
    json_t *value = json_stringn_nocheck(text, LARGE);
    free(text);
    return value;
}

static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");

    CU_ASSERT_FATAL(statm && fscanf(statm, "%lu", &pages) == 1);
    fclose(statm);
    return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Leaves too little for such a text. */
static struct rlimit limit_memory(void)
{
    struct rlimit before, now;

    getrlimit(RLIMIT_AS, &before);
    now = (struct rlimit){ address_space() + LITTLE, before.rlim_max };
    CU_ASSERT(setrlimit(RLIMIT_AS, &now) == 0);
    return before;
}

static void check_large(procspawn_handle *handle)
{
    json_t *result = calls_result(handle);

    PROCSPAWN_CUNIT_EQUAL(json_string_length(result), LARGE);
    json_decref(result);
}

static void check_that_it_can_be_joined_later(procspawn_handle *handle)
{
    wait_for_message(handle);
    struct rlimit before = limit_memory();
    int rc = procspawn_join(handle, NULL, NULL);
    int again = procspawn_join_timeout(handle, 0, NULL, NULL);
    setrlimit(RLIMIT_AS, &before);
    PROCSPAWN_CUNIT_EQUAL(rc, -ENOMEM);
    PROCSPAWN_CUNIT_EQUAL(again, -ENOMEM);
    check_large(handle);
}

static void a_join_without_memory_says_so_and_can_be_repeated(void)
{
    check_that_it_can_be_joined_later(calls_start(large_text, NULL));
}

static void so_does_one_of_a_pool_s_call(void)
{
    procspawn_handle *handle;
    procspawn_pool *pool;

    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, large_text, NULL, &handle) == 0);
    check_that_it_can_be_joined_later(handle);
    procspawn_pool_free(pool);
}

static void a_long_message_without_memory_for_it_comes_later(void)
{
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    json_t *value = large_text(NULL);

    CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, value), 0);
    json_decref(value);
    value = NULL;
    struct rlimit before = limit_memory();
    int rc = procspawn_receiver_recv(receiver, &value);
    int again = procspawn_receiver_recv_timeout(receiver, 0, &value);
    setrlimit(RLIMIT_AS, &before);
    PROCSPAWN_CUNIT_EQUAL(rc, -ENOMEM);
    PROCSPAWN_CUNIT_EQUAL(again, -ENOMEM);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), 0);
    PROCSPAWN_CUNIT_EQUAL(json_string_length(value), LARGE);
    json_decref(value);
    procspawn_sender_free(sender);
    procspawn_receiver_free(receiver);
}

/* It ends all the same, and a caller with memory can get the result. */
static void a_scope_does_not_wait_for_memory(void)
{
    struct rlimit before;
    scoped_spawner root, scope;
    procspawn_handle *handle;
    struct scoped_outcome outcome;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_scope_open(root, NULL, &scope) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(scope, NULL, large_text, NULL, &handle) == 0);
    before = limit_memory();
    int rc = scoped_close(scope, SCOPED_FOREVER, &outcome);
    setrlimit(RLIMIT_AS, &before);
    PROCSPAWN_CUNIT_EQUAL(rc, -ENOMEM);
    PROCSPAWN_CUNIT_EQUAL(outcome.status, -ENOMEM);
    scoped_outcome_fini(&outcome);
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    check_large(handle);
}

/* ---- children that speak for themselves ---- */

static void say(enum wire_type type, size_t fd_count)
{
    struct wire_value head = { .generation = procspawn__reply.generation };
    struct wire_part part = { &head, sizeof head };
    int fds[WIRE_MAX_FDS] = { 0 };

    wire__send(procspawn__reply.channel, type, &part, 1, fds, fd_count, false);
}

static json_t *bring_many(json_t *argument)
{
    say(WIRE_RESULT, WIRE_MAX_FDS);
    return calls_hang(argument);
}

static void a_scope_closes_without_room_for_what_its_process_sent(void)
{
    struct room room;
    scoped_spawner root;
    procspawn_handle *handle;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, NULL, bring_many, NULL, &handle) == 0);
    room_fill(&room);
    room_make(&room, 10);
    int rc = close_whatever(root, SCOPED_FOREVER);
    room_end(&room);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    CU_ASSERT(procspawn_join_timeout(handle, 0, NULL, NULL) == PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
}

static json_t *send_nothing(json_t *argument)
{
    send(procspawn__reply.channel, "", 0, MSG_NOSIGNAL);
    return calls_hang(argument);
}

static void a_child_that_sends_what_is_no_message_is_ended(void)
{
    procspawn_handle *handle = calls_start(send_nothing, NULL);
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, &error), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EPROTO);
    calls_check_error(error, PROCSPAWN_ERROR_IO, PROCSPAWN_CAUSE_NONE);
    procspawn_handle_free(handle);
}

static json_t *have_another_send_nothing(json_t *argument)
{
    pid_t pid = fork();

    if (pid == 0) {
        send(procspawn__reply.channel, "", 0, MSG_NOSIGNAL);
        send(procspawn__reply.channel, "x", 1, MSG_NOSIGNAL);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return json_incref(argument);
}

static void what_others_send_over_its_channel_is_no_fault_of_a_child(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(have_another_send_nothing, json_integer(5))),
                          5);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_join_without_room_says_so_and_can_be_repeated),
    TEST(a_process_of_a_scope_outlives_a_shortage),
    TEST(a_join_without_memory_says_so_and_can_be_repeated),
    TEST(so_does_one_of_a_pool_s_call),
    TEST(a_long_message_without_memory_for_it_comes_later),
    TEST(a_scope_does_not_wait_for_memory),
    TEST(a_scope_closes_without_room_for_what_its_process_sent),
    TEST(a_child_that_sends_what_is_no_message_is_ended),
    TEST(what_others_send_over_its_channel_is_no_fault_of_a_child),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("shortage", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
