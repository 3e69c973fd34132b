/*
 * reasons_test.c - why a call ended, or was not made, in words
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"

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

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_function_that_ended_it_is_named),
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
