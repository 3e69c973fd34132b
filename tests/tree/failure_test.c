/*
 * failure_test.c - the failures of processes and pools tell why, also when no handle was kept
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/tree_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static scoped_spawner root, scope;
static struct scoped_outcome outcome;

static void open_with(const struct scoped_options *options)
{
    calls_begin();
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_scope_open(root, options, &scope) == 0);
}

static void close_scope(void)
{
    memset(&outcome, 0, sizeof outcome);
    scoped_close(scope, SCOPED_FOREVER, &outcome);
}

static void close_root(void)
{
    scoped_outcome_fini(&outcome);
    CU_ASSERT(scoped_cancel_close(root, SCOPED_FOREVER, NULL) == 0);
    calls_end();
}

static json_t *raise_failure(json_t *unused)
{
    (void)unused;
    procspawn_panic("the tank is empty");
}

static void spawn_unkept(procspawn_function *function)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_name(builder, "unkept");
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    CU_ASSERT(scoped_procspawn(scope, builder, function, NULL, NULL) == 0);
    procspawn_builder_free(builder);
}

static void a_failure_has_the_error_of_a_process_whose_handle_was_not_kept(void)
{
    open_with(NULL);
    spawn_unkept(tree_crash);
    close_scope();
    const struct scoped_failure *failure = outcome.failures;
    CU_ASSERT_FATAL(failure != NULL && failure->next == NULL);
    const procspawn_error *error = procspawn_failure_error(failure);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGSEGV);
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    CU_ASSERT_STRING_EQUAL(failure->message, procspawn_error_message(error));
    CU_ASSERT_STRING_EQUAL(failure->name, "unkept");
    CU_ASSERT(failure->arg == NULL);
    close_root();
}

static void each_failure_has_an_error_of_its_own(void)
{
    int raised = 0, crashed = 0;

    open_with(NULL);
    spawn_unkept(raise_failure);
    spawn_unkept(tree_crash);
    close_scope();
    for (const struct scoped_failure *one = outcome.failures; one; one = one->next) {
        const procspawn_error *error = procspawn_failure_error(one);
        CU_ASSERT_FATAL(error != NULL);
        raised += procspawn_error_is_panic(error) && !strcmp(one->message, "the tank is empty");
        crashed += procspawn_error_signal(error) == SIGSEGV;
    }
    CU_ASSERT(raised == 1 && crashed == 1);
    close_root();
}

static void the_handle_has_the_error_too(void)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;

    open_with(NULL);
    CU_ASSERT_FATAL(scoped_procspawn(scope, NULL, raise_failure, NULL, &handle) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, &error), PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "the tank is empty");
    close_scope();
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, "the tank is empty");
    CU_ASSERT(procspawn_failure_error(outcome.failures) != error);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    close_root();
}

static void hear(const struct scoped_failure *failure, void *count)
{
    const procspawn_error *error = procspawn_failure_error(failure);

    CU_ASSERT_FATAL(error != NULL);
    CU_ASSERT(procspawn_error_is_panic(error));
    ++*(int *)count;
}

static void a_scope_that_keeps_no_failures_lets_their_errors_be_heard(void)
{
    int count = 0;
    struct scoped_options options = { .discard = true, .on_failure = hear,
                                      .on_failure_arg = &count };

    open_with(&options);
    spawn_unkept(raise_failure);
    close_scope();
    CU_ASSERT(count == 1 && outcome.failures == NULL && outcome.omitted == 1);
    close_root();
}

static int fail(void *unused)
{
    (void)unused;
    return scoped_fail(-EDOM, "a task");
}

static void the_failure_of_a_task_has_no_error(void)
{
    open_with(NULL);
    CU_ASSERT(scoped_spawn_leaf(scope, fail, NULL, NULL) == 0);
    close_scope();
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT(procspawn_failure_error(outcome.failures) == NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, "a task");
    close_root();
}

static int refuse(void *unused)
{
    (void)unused;
    return -EPERM;
}

static void a_failed_pool_tells_why(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool *pool;

    open_with(NULL);
    procspawn_pool_builder_pre_exec(builder, refuse, NULL);
    procspawn_pool_builder_attempts(builder, 2);
    CU_ASSERT_FATAL(scoped_procspawn_pool(scope, builder, &pool) == 0);
    close_scope();
    CU_ASSERT_FATAL(outcome.failures != NULL);
    const procspawn_error *error = procspawn_failure_error(outcome.failures);
    PROCSPAWN_CUNIT_EQUAL(outcome.failures->status, PROCSPAWN_EPOOL);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EPERM);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, procspawn_error_message(error));
    CU_ASSERT(outcome.failures->arg == NULL);
    procspawn_pool_free(pool);
    procspawn_pool_builder_free(builder);
    close_root();
}

/* ---- the outcome for people ---- */

static int fail_strangely(void *unused)
{
    (void)unused;
    return scoped_fail(-EPROTO, "a bell: \a");
}

static int fail_silently(void *unused)
{
    (void)unused;
    return SCOPED_ECLOSED;
}

static const char *print_outcome(void)
{
    static char text[8192];
    FILE *stream;

    memset(text, 0, sizeof text);
    stream = fmemopen(text, sizeof text - 1, "w");
    CU_ASSERT_FATAL(stream != NULL);
    CU_ASSERT(scoped_outcome_print(&outcome, stream) == 0);
    fclose(stream);
    return text;
}

/* The text of the code itself is not the subject. */
static void an_outcome_is_printed_with_path_message_and_text_of_the_code(void)
{
    struct scoped_options options = { .name = "clients" };
    char wanted[256];

    open_with(&options);
    CU_ASSERT(scoped_spawn_leaf(scope, fail_strangely, NULL, NULL) == 0);
    close_scope();
    snprintf(wanted, sizeof wanted,
             "0 succeeded, 1 failed, 0 cancelled\nroot/clients/task: a bell: \\x07 (%s)\n",
             forkscope_strerror(-EPROTO));
    CU_ASSERT_STRING_EQUAL(print_outcome(), wanted);
    close_root();
    open_with(NULL);
    CU_ASSERT(scoped_spawn_leaf(scope, fail_silently, NULL, NULL) == 0);
    close_scope();
    snprintf(wanted, sizeof wanted, "\nroot/scope/task: %s\n", forkscope_strerror(SCOPED_ECLOSED));
    CU_ASSERT(strstr(print_outcome(), wanted) != NULL);
    close_root();
}

static void a_process_is_printed_with_its_error(void)
{
    open_with(NULL);
    spawn_unkept(raise_failure);
    close_scope();
    CU_ASSERT(strstr(print_outcome(), "root/scope/unkept: panic: the tank is empty") != NULL);
    close_root();
}

static void failures_that_are_not_listed_are_counted_in_print(void)
{
    struct scoped_options options = { .discard = true };

    open_with(&options);
    CU_ASSERT(scoped_spawn_leaf(scope, fail, NULL, NULL) == 0);
    close_scope();
    CU_ASSERT_STRING_EQUAL(print_outcome(),
                           "0 succeeded, 1 failed, 0 cancelled\n1 more failed\n");
    close_root();
}

static void a_passed_time_limit_and_a_signal_are_in_the_first_line(void)
{
    outcome = (struct scoped_outcome){ .status = -ETIME, .cancelled = 2, .timed_out = true };
    CU_ASSERT_STRING_EQUAL(print_outcome(),
                           "0 succeeded, 0 failed, 2 cancelled; its time limit has passed\n");
    outcome = (struct scoped_outcome){ .status = -ECANCELED, .cancelled = 1, .signal = SIGTERM };
    CU_ASSERT_STRING_EQUAL(
        print_outcome(), "0 succeeded, 0 failed, 1 cancelled; cancelled by signal 15 (SIGTERM)\n");
    outcome.signal = SIGRTMIN;
    CU_ASSERT(strstr(print_outcome(), "cancelled by signal 34\n") != NULL);
}

static void a_stream_that_fails_is_reported(void)
{
    FILE *full = fopen("/dev/full", "w");

    open_with(NULL);
    close_scope();
    CU_ASSERT_FATAL(full != NULL);
    setvbuf(full, NULL, _IONBF, 0);
    CU_ASSERT(scoped_outcome_print(&outcome, full) == -EIO);
    fclose(full);
    close_root();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_failure_has_the_error_of_a_process_whose_handle_was_not_kept),
    TEST(each_failure_has_an_error_of_its_own),
    TEST(the_handle_has_the_error_too),
    TEST(a_scope_that_keeps_no_failures_lets_their_errors_be_heard),
    TEST(the_failure_of_a_task_has_no_error),
    TEST(a_failed_pool_tells_why),
    TEST(an_outcome_is_printed_with_path_message_and_text_of_the_code),
    TEST(a_process_is_printed_with_its_error),
    TEST(failures_that_are_not_listed_are_counted_in_print),
    TEST(a_passed_time_limit_and_a_signal_are_in_the_first_line),
    TEST(a_stream_that_fails_is_reported),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "failure", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
