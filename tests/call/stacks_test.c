/*
 * stacks_test.c - reports on processes that run, and go on
 */
#include "tests/support/call_helpers.h"
#include "tests/support/frame.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/report_helpers.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const int64_t patience = 20 * CALLS_SECOND;

FRAME static char wait_for_word(void)
{
    char word = 0;

    while (read(STDIN_FILENO, &word, 1) < 0)
        ;
    return word;
}

static json_t *waits(json_t *argument)
{
    if (write(STDOUT_FILENO, "r", 1) == 1)
        wait_for_word();
    return json_incref(argument);
}

/* Starts a process that waits for a word on its stdin, and waits until it does. */
static procspawn_handle *start_waiting(procspawn_function *function)
{
    procspawn_builder *builder = procspawn_builder_new();
    char word;

    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_name(builder, "waiter");
    procspawn_handle *handle = calls_build(builder, function, json_integer(7));
    procspawn_builder_free(builder);
    CU_ASSERT_FATAL(read(procspawn_stdout(handle), &word, 1) == 1);
    return handle;
}

static void check_goes_on(procspawn_handle *handle)
{
    PROCSPAWN_CUNIT_EQUAL(write(procspawn_stdin(handle), "w", 1), 1);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 7);
}

static procspawn_error *stacks_of(procspawn_handle *handle)
{
    procspawn_error *report = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_stacks(handle, patience, &report), 0);
    CU_ASSERT_FATAL(report != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(report), PROCSPAWN_ERROR_RUNNING);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(report), 0);
    return report;
}

static void a_process_that_runs_shows_its_frames_and_goes_on(void)
{
    procspawn_handle *handle = start_waiting(waits);
    struct procspawn_thread thread;

    for (int i = 0; i < 3; i++) {
        procspawn_error *report = stacks_of(handle);
        CU_ASSERT(report_has_symbol(report, "wait_for_word"));
        CU_ASSERT(report_has_symbol(report, "waits"));
        CU_ASSERT_STRING_EQUAL(procspawn_error_name(report), "waiter");
        CU_ASSERT_FATAL(procspawn_error_thread(report, 0, &thread) == 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(thread.waits, "in read("));
        procspawn_error_free(report);
    }
    check_goes_on(handle);
}

static json_t *waits_and_crashes(json_t *argument)
{
    waits(argument);
    report_write_nowhere();
    return argument;
}

static void a_crash_after_a_report_has_its_own(void)
{
    procspawn_handle *handle = start_waiting(waits_and_crashes);

    procspawn_error_free(stacks_of(handle));
    PROCSPAWN_CUNIT_EQUAL(write(procspawn_stdin(handle), "w", 1), 1);
    procspawn_error *error = report_error_of_call(handle);
    CU_ASSERT(report_has_symbol(error, "report_write_nowhere"));
    report_check_signal(error, SIGSEGV);
}

static void a_process_that_has_ended_has_no_stacks(void)
{
    procspawn_handle *handle = calls_start(calls_echo, json_integer(1));
    procspawn_error *report = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, patience, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stacks(handle, patience, &report), -ESRCH);
    CU_ASSERT_PTR_NULL(report);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 1);
}

static void without_patience_there_is_no_report_and_no_harm(void)
{
    procspawn_handle *handle = start_waiting(waits);
    procspawn_error *report = NULL;
    int rc = procspawn_stacks(handle, 0, &report);

    CU_ASSERT(rc == -ETIMEDOUT || rc == 0);
    procspawn_error_free(report);
    check_goes_on(handle);
}

static void a_call_of_a_pool_shows_its_worker_and_the_pool_goes_on(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *running = pool_start(pool, calls_hang, NULL);
    procspawn_handle *queued = pool_start(pool, calls_echo, json_integer(3));
    procspawn_error *report = NULL;

    pool_await_start(running);
    do {
        procspawn_error_free(report);
        report = stacks_of(running);
    } while (!report_has_symbol(report, "calls_hang"));
    procspawn_error_free(report);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stacks(queued, patience, &report), -ESRCH);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(running), 0);
    calls_check_end(running, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 3);
    procspawn_pool_free(pool);
}

static void a_report_is_printed_and_given_as_json(void)
{
    static char text[16384];
    procspawn_handle *handle = start_waiting(waits);
    procspawn_error *report = stacks_of(handle);
    FILE *stream = fmemopen(text, sizeof text - 1, "w");

    CU_ASSERT_FATAL(stream != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_print(report, stream), 0);
    fclose(stream);
    CU_ASSERT_PTR_EQUAL(strstr(text, "waiter: running: the process runs\n"), text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "wait_for_word"));
    json_t *object = procspawn_error_json(report);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "kind")), "running");
    json_decref(object);
    procspawn_error_free(report);
    check_goes_on(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_process_that_runs_shows_its_frames_and_goes_on),
    TEST(a_crash_after_a_report_has_its_own),
    TEST(a_process_that_has_ended_has_no_stacks),
    TEST(without_patience_there_is_no_report_and_no_harm),
    TEST(a_call_of_a_pool_shows_its_worker_and_the_pool_goes_on),
    TEST(a_report_is_printed_and_given_as_json),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("stacks", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
