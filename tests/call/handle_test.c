/*
 * handle_test.c - handles: join, wait, their results and errors, and what is left when they are
 * freed
 */
#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

/* Returns its argument when it is told to. */
static json_t *wait_then_return(json_t *argument)
{
    shared_wait(1);
    return json_incref(argument);
}

static void join_gives_the_result_as_a_new_reference(void)
{
    json_t *value = calls_result(calls_start(calls_echo, json_pack("{s:[i,n]}", "a", 1)));

    PROCSPAWN_CUNIT_EQUAL(value->refcount, 1);
    PROCSPAWN_CUNIT_EQUAL(json_array_size(json_object_get(value, "a")), 2);
    json_decref(value);
}

static void join_needs_no_out_parameters(void)
{
    procspawn_handle *handle = calls_start(calls_echo, json_integer(1));

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
    handle = calls_start(calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
}

static void a_join_that_times_out_can_be_repeated(void)
{
    procspawn_handle *handle = calls_start(wait_then_return, json_integer(6));
    json_t *value = NULL;
    procspawn_error *error = NULL;

    for (int i = 0; i < 5; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, CALLS_MS, &value, &error), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 0, &value, &error), -ETIMEDOUT);
    CU_ASSERT(!value && !error);
    shared_set(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 10 * CALLS_SECOND, &value, &error), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(value), 6);
    json_decref(value);
    procspawn_handle_free(handle);
}

static void a_second_join_is_told_that_the_result_is_consumed(void)
{
    procspawn_handle *handle = calls_start(calls_echo, json_integer(6));

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_CONSUMED, PROCSPAWN_CAUSE_NONE);
}

/* On a loaded machine a process that runs for long may have used little of a processor. */
static json_t *burn(json_t *argument)
{
    struct timespec used;

    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while (used.tv_sec == 0 && used.tv_nsec < 60 * CALLS_MS);
    return json_incref(argument);
}

static void wait_gives_what_the_process_used(void)
{
    procspawn_handle *handle = calls_start(burn, json_integer(1));
    struct rusage usage = { 0 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, &usage), 0);
    int64_t used = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * CALLS_SECOND +
                   (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
    CU_ASSERT(used >= 30 * CALLS_MS);
    CU_ASSERT(usage.ru_maxrss > 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 1);
}

static void wait_has_a_timeout(void)
{
    procspawn_handle *handle = calls_start(calls_hang, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, CALLS_MS, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    procspawn_handle_free(handle);
}

static void the_descriptor_tells_of_the_end(void)
{
    procspawn_handle *handle = calls_start(wait_then_return, json_integer(4));
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };
    json_t *value = NULL;

    PROCSPAWN_CUNIT_EQUAL(poll(&fd, 1, 20), 0);
    shared_set(1);
    do {
        PROCSPAWN_CUNIT_EQUAL(poll(&fd, 1, 10000), 1);
    } while (procspawn_join_timeout(handle, 0, &value, NULL) == -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(value), 4);
    json_decref(value);
    procspawn_handle_free(handle);
}

static json_t *tell_and_return(json_t *argument)
{
    shared_tell();
    return json_incref(argument);
}

static void a_freed_handle_lets_the_call_go_on_and_leaves_no_zombie(void)
{
    enum { CALLS = 10 };
    struct calls_tree *tree = calloc(1, sizeof *tree);

    for (int i = 0; i < CALLS; i++) {
        procspawn_handle *handle = calls_start(tell_and_return, NULL);
        calls_tree_add(tree, procspawn_pid(handle));
        procspawn_handle_free(handle);
    }
    shared_wait(CALLS);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, 10 * CALLS_SECOND), 0);
    for (unsigned i = 0; i < tree->count; i++) {
        for (int n = 0; n < 5000 && kill(tree->pid[i], 0) == 0; n++)
            poll(NULL, 0, 1);
        CU_ASSERT(kill(tree->pid[i], 0) < 0);
    }
    calls_tree_close(tree);
    free(tree);
}

static void the_pid_is_that_of_the_process(void)
{
    procspawn_handle *handle = calls_start(calls_pid, NULL);
    pid_t pid = procspawn_pid(handle);

    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), pid);
}

/* The address sanitizer's interceptor stumbles over the frames that a cancelled thread has left. */
const char *__asan_default_suppressions(void) __attribute__((visibility("default")));
const char *__asan_default_suppressions(void)
{
    return "interceptor_name:sigaltstack\n";
}

static void *join_until_cancelled(void *handle)
{
    procspawn_join(handle, NULL, NULL);
    return NULL;
}

static void a_cancelled_join_leaves_the_handle_valid(void)
{
    procspawn_handle *handle = calls_start(wait_then_return, json_integer(3));
    pthread_t thread;
    void *shared_end = NULL;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, join_until_cancelled, handle) == 0);
    pthread_cancel(thread);
    pthread_join(thread, &shared_end);
    CU_ASSERT(shared_end == PTHREAD_CANCELED);
    shared_set(1);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 3);
}

static void nothing_is_fine_where_there_is_nothing(void)
{
    procspawn_handle_free(NULL);
    procspawn_builder_free(NULL);
    procspawn_error_free(NULL);
    procspawn_config_free(NULL);
    CU_PASS("no crash");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(join_gives_the_result_as_a_new_reference),
    TEST(join_needs_no_out_parameters),
    TEST(a_join_that_times_out_can_be_repeated),
    TEST(a_second_join_is_told_that_the_result_is_consumed),
    TEST(wait_gives_what_the_process_used),
    TEST(wait_has_a_timeout),
    TEST(the_descriptor_tells_of_the_end),
    TEST(a_freed_handle_lets_the_call_go_on_and_leaves_no_zombie),
    TEST(the_pid_is_that_of_the_process),
    TEST(a_cancelled_join_leaves_the_handle_valid),
    TEST(nothing_is_fine_where_there_is_nothing),
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
