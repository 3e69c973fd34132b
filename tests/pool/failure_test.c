/*
 * failure_test.c - each allocation and each system call that a pool needs fails in turn
 */
#include "tests/support/call_helpers.h"
#include "tests/support/fault_injection.h"
#include "tests/support/refusal_sweep.h"

#include <errno.h>
#include <forkscope.h>

/* ---- pools ---- */

static int call_pool(procspawn_pool *pool)
{
    procspawn_handle *handle;
    json_t *argument = json_integer(1);
    json_t *result = NULL;

    int rc = argument ? procspawn_pool_spawn(pool, calls_echo, argument, &handle) : -ENOMEM;
    json_decref(argument);
    if (rc < 0)
        return rc;
    rc = procspawn_join(handle, &result, NULL);
    json_decref(result);
    procspawn_handle_free(handle);
    return rc;
}

static int pool(void)
{
    procspawn_pool *pool;
    int first = 0;

    int rc = procspawn_pool_new(2, &pool);
    if (rc < 0)
        return rc;
    for (int i = 0; i < 3; i++)
        sweep_note(&first, call_pool(pool));
    sweep_note(&first, procspawn_pool_join_timeout(pool, 100 * CALLS_SECOND));
    sweep_note(&first, procspawn_pool_shutdown_timeout(pool, 100 * CALLS_SECOND));
    procspawn_pool_free(pool);
    return first;
}

static int configured_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool *pool = NULL;
    int first = 0;

    if (!builder)
        return -ENOMEM;
    sweep_note(&first, procspawn_pool_builder_env(builder, "NAME", "value"));
    procspawn_pool_builder_recycle_after_calls(builder, 1);
    procspawn_builder_capture(procspawn_pool_builder_process(builder), 1 << 20, false);
    if (first == 0)
        sweep_note(&first, procspawn_pool_builder_build(builder, &pool));
    procspawn_pool_builder_free(builder);
    for (int i = 0; pool && i < 2; i++)
        sweep_note(&first, call_pool(pool));
    procspawn_pool_free(pool);
    return first;
}

/* ---- the tests ---- */

REFUSED(a_pool_survives_refusals, sweep_with_servers, pool)
REFUSED(a_configured_pool_survives_refusals, sweep_with_servers, configured_pool)

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_pool_survives_refusals),
    TEST(a_configured_pool_survives_refusals),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "failure", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    fail_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
