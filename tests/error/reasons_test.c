/*
 * reasons_test.c - why a call ended, or was not made, in words
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <signal.h>
#include <string.h>

static void check(procspawn_error *error, enum procspawn_error_kind kind, const char *text)
{
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), kind);
    if (strcmp(procspawn_error_message(error), text) != 0)
        printf("\"%s\" instead of \"%s\"\n", procspawn_error_message(error), text);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), text);
    procspawn_error_free(error);
}

/* ---- ends ---- */

static void check_end(procspawn_handle *handle, const char *text)
{
    check(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, text);
}

static void the_function_that_ended_it_is_named(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *killed = calls_start(calls_hang, NULL);
    procspawn_handle *terminated = calls_start(calls_hang, NULL);
    procspawn_handle *queued = pool_start(pool, calls_hang, NULL);

    pool_await_start(queued);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(killed), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(terminated, SIGTERM, CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(queued, SIGTERM, CALLS_SECOND), 0);
    check_end(killed, "killed by procspawn_kill");
    check_end(terminated, "ended by procspawn_terminate");
    check_end(queued, "ended by procspawn_terminate");
    procspawn_pool_free(pool);
}

/* ---- calls that are not made ---- */

static int refuse(void *unused)
{
    (void)unused;
    return -EPERM;
}

/* Its first call tells when it has failed. */
static procspawn_pool *failed_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_hook(builder, refuse, NULL);
    procspawn_pool_builder_attempts(builder, 1);
    procspawn_pool *pool = pool_build(builder);
    procspawn_pool_call(pool, calls_echo, NULL, NULL, NULL);
    return pool;
}

static procspawn_error *error_in_set(const struct procspawn_call_options *options)
{
    struct procspawn_result result;
    procspawn_set *set = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_new(&set), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, options, calls_echo, NULL, NULL), 0);
    CU_ASSERT_FATAL(procspawn_set_next(set, &result) == 0);
    procspawn_error *error = result.error;
    result.error = NULL;
    procspawn_result_fini(&result);
    procspawn_set_free(set);
    return error;
}

static void a_failed_pool_says_in_each_call_why_it_failed(void)
{
    static const char why[] = "the pool failed: the hook failed: Operation not permitted";
    procspawn_pool *pool = failed_pool();
    const struct procspawn_call_options options = { .pool = pool };
    procspawn_error *error = NULL;

    for (int i = 0; i < 2; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(pool, calls_echo, NULL, NULL, &error),
                              PROCSPAWN_EPOOL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), PROCSPAWN_EPOOL);
        check(error, PROCSPAWN_ERROR_SETUP, why);
    }
    check(error_in_set(&options), PROCSPAWN_ERROR_SETUP, why);
    procspawn_pool_free(pool);
}

/* A stopped root lets no server go on. */
static void no_process_within_the_total_limit_is_said(void)
{
    enum { MORE_THAN_SPARES = 300 };
    const struct procspawn_call_options options = { .total_limit = 30 * CALLS_MS };
    struct procspawn_result result;
    int rc = 0;

    kill(calls_root(), SIGSTOP);
    calls_signal_servers(SIGSTOP);
    for (int i = 0; i < MORE_THAN_SPARES && rc == 0; i++) {
        procspawn_handle *handle = NULL;
        rc = procspawn_start(&options, calls_echo, NULL, &handle);
        procspawn_handle_free(handle);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, calls_echo, NULL, &result), -ETIMEDOUT);
    procspawn_error *late = error_in_set(&options);
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_limit(result.error), PROCSPAWN_LIMIT_QUEUE);
    check(result.error, PROCSPAWN_ERROR_TIMED_OUT,
          "not started within 30 ms: there was no process for it (total limit)");
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_limit(late), PROCSPAWN_LIMIT_QUEUE);
    check(late, PROCSPAWN_ERROR_TIMED_OUT, "the total limit passed before the call was started");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_function_that_ended_it_is_named),
    TEST(a_failed_pool_says_in_each_call_why_it_failed),
    TEST(no_process_within_the_total_limit_is_said),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("reasons", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
