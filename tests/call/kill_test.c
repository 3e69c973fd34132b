/*
 * kill_test.c - handles: kill and terminate, and what they end with a call
 */
#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void a_kill_after_the_result_was_sent_changes_nothing(void)
{
    procspawn_handle *handle = calls_start(calls_echo, json_integer(6));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 6);
}

static json_t *fork_and_hang(json_t *argument)
{
    pid_t pid = fork();

    if (pid > 0)
        shared_set(pid);
    return calls_hang(argument);
}

static void a_kill_ends_the_whole_group(void)
{
    procspawn_handle *handle = calls_start(fork_and_hang, NULL);

    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    CU_ASSERT(kill(procspawn_pid(handle), 0) < 0);
    CU_ASSERT(kill(*shared, 0) < 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static void *kill_it(void *handle)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    return NULL;
}

static void another_thread_can_kill_while_one_joins(void)
{
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        procspawn_handle *handle = calls_start(calls_hang, NULL);
        procspawn_error *error = NULL;
        CU_ASSERT_FATAL(pthread_create(&thread, NULL, kill_it, handle) == 0);
        PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, &error), PROCSPAWN_ECALL);
        pthread_join(thread, NULL);
        calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
        procspawn_handle_free(handle);
    }
}

static volatile sig_atomic_t asked;

static void on_term(int signal)
{
    asked = signal;
}

static json_t *end_when_asked(json_t *argument)
{
    signal(SIGTERM, on_term);
    shared_set(1);
    while (!asked)
        poll(NULL, 0, 1);
    return json_incref(argument);
}

static void who_ends_within_the_grace_can_still_give_a_result(void)
{
    procspawn_handle *handle = calls_start(end_when_asked, json_integer(12));

    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 30 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 12);
}

static json_t *ignore_and_hang(json_t *argument)
{
    signal(SIGTERM, SIG_IGN);
    shared_set(1);
    return calls_hang(argument);
}

static void who_does_not_end_within_the_grace_is_killed(void)
{
    procspawn_handle *handle = calls_start(ignore_and_hang, NULL);

    shared_wait(1);
    int64_t start = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 200 * CALLS_MS), 0);
    procspawn_error *error = calls_error(handle);
    CU_ASSERT(calls_now() - start >= 200 * CALLS_MS);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGKILL);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static void terminate_refuses_what_is_no_signal(void)
{
    procspawn_handle *handle = calls_start(calls_hang, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, 0, 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, 1000, 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, -1), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 0), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static void a_stopped_process_can_be_terminated(void)
{
    procspawn_handle *handle = calls_start(calls_hang, NULL);

    calls_stop(procspawn_pid(handle));
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 30 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGTERM);
    procspawn_error_free(error);
}

static json_t *spawn_and_hang(json_t *argument)
{
    procspawn_handle *handle = NULL;

    if (procspawn(calls_hang, NULL, &handle) < 0)
        return NULL;
    shared_set(procspawn_pid(handle));
    return calls_hang(argument);
}

static void nested_calls_end_with_their_requester(void)
{
    procspawn_handle *handle = calls_start(spawn_and_hang, NULL);

    shared_wait(1);
    CU_ASSERT(kill(*shared, 0) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    CU_ASSERT(kill(*shared, 0) < 0);
    procspawn_handle_free(handle);
}

static json_t *go_deeper(json_t *argument)
{
    json_t *result = NULL;
    procspawn_handle *handle = NULL;
    json_int_t depth = json_integer_value(argument);

    if (depth == 0)
        return json_integer(0);
    json_t *less = json_integer(depth - 1);
    if (procspawn(go_deeper, less, &handle) < 0 || procspawn_join(handle, &result, NULL) < 0)
        return NULL;
    procspawn_handle_free(handle);
    json_decref(less);
    json_int_t below = json_integer_value(result);
    json_decref(result);
    return json_integer(below + 1);
}

static void calls_nest_ten_levels_deep(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(go_deeper, json_integer(10))), 10);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_kill_after_the_result_was_sent_changes_nothing),
    TEST(a_kill_ends_the_whole_group),
    TEST(another_thread_can_kill_while_one_joins),
    TEST(who_ends_within_the_grace_can_still_give_a_result),
    TEST(who_does_not_end_within_the_grace_is_killed),
    TEST(terminate_refuses_what_is_no_signal),
    TEST(a_stopped_process_can_be_terminated),
    TEST(nested_calls_end_with_their_requester),
    TEST(calls_nest_ten_levels_deep),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SHARED_SUITE("handle", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
