/*
 * ways_test.c - sandboxes of calls in sets, maps and scopes, and of typed functions
 */
#include "tests/support/sandbox_helpers.h"
#include "tests/support/set_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/map.h>
#include <forkscope/pool.h>
#include <forkscope/tree.h>
#include <forkscope/typed.h>
#include <string.h>

static json_t *opens(json_t *unused)
{
    (void)unused;
    return json_integer(open("/etc/passwd", O_RDONLY));
}

static void check_violation(procspawn_error *error)
{
    CU_ASSERT_FATAL(error != NULL);
    CU_ASSERT(procspawn_error_is_violation(error));
    procspawn_error_print(error, stderr);
}

static procspawn_pool *sandboxed_pool(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);
    procspawn_pool *pool = NULL;

    procspawn_builder_sandbox(procspawn_pool_builder_process(builder), PROCSPAWN_SANDBOX_COMPUTE);
    CU_ASSERT_FATAL(procspawn_pool_builder_build(builder, &pool) == 0);
    procspawn_pool_builder_free(builder);
    return pool;
}

/* ---- sets ---- */

static void calls_of_a_set_have_the_sandbox_of_their_builder(void)
{
    const struct procspawn_call_options options = { .builder = sandbox_builder };
    procspawn_set *set = set_make();
    json_t *number = json_integer(1);
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, opens, number, NULL), 0);
    result = set_next(set);
    check_violation(result.error);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, calls_echo, number, NULL), 0);
    result = set_next(set);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), 1);
    procspawn_result_fini(&result);
    json_decref(number);
    set_check_empty(set);
}

/* ---- maps ---- */

static void the_workers_of_a_map_are_sandboxed(void)
{
    const struct procspawn_map_options options = { .pool = sandboxed_pool() };
    json_t *items = json_pack("[i, i, i]", 1, 2, 3);
    json_t *results = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_map(&options, calls_echo, items, &results, &error), 0);
    CU_ASSERT(json_equal(items, results));
    PROCSPAWN_CUNIT_EQUAL(procspawn_map(&options, opens, items, NULL, &error), PROCSPAWN_ECALL);
    check_violation(error);
    CU_ASSERT(procspawn_error_index(error) >= 0);
    procspawn_error_free(error);
    json_decref(results);
    json_decref(items);
    procspawn_pool_free(options.pool);
}

/* ---- scopes ---- */

static int makes_a_call(scoped_spawner scope, void *ret_error)
{
    procspawn_handle *handle = NULL;
    procspawn_error **error = ret_error;
    int rc = scoped_procspawn(scope, sandbox_builder, opens, json_null(), &handle);

    if (rc < 0)
        return rc;
    rc = procspawn_join(handle, NULL, error);
    procspawn_handle_free(handle);
    return rc == PROCSPAWN_ECALL ? 0 : -EPROTO;
}

static void a_process_of_a_scope_is_sandboxed(void)
{
    const struct scoped_options options = { .policy = &scoped_collect };
    procspawn_error *error = NULL;

    scoped_run(&options, makes_a_call, &error, NULL);
    check_violation(error);
    procspawn_error_free(error);
}

/* ---- typed functions ---- */

PROCSPAWN_DEFINE_STATIC(add, int64, (int64, a), (int64, b))
{
    return a + b;
}

PROCSPAWN_DEFINE_STATIC(add_from_file, int64, (int64, a), (string, path))
{
    return a + open(path, O_RDONLY);
}

static void typed_functions_are_sandboxed(void)
{
    const struct procspawn_call_options options = { .builder = sandbox_builder };
    procspawn_error *error = NULL;
    int64_t sum = 0;

    PROCSPAWN_CUNIT_EQUAL(add_call_with(&options, 2, 3, &sum, &error), 0);
    PROCSPAWN_CUNIT_EQUAL(sum, 5);
    PROCSPAWN_CUNIT_EQUAL(add_from_file_call_with(&options, 2, "/etc/group", &sum, &error),
                          PROCSPAWN_ECALL);
    check_violation(error);
    CU_ASSERT_STRING_EQUAL(procspawn_error_path(error), "/etc/group");
    procspawn_error_free(error);
}

/* ---- workers ---- */

static json_t *opens_or_not(json_t *opened)
{
    return json_is_true(opened) ? opens(opened) : json_integer(7);
}

static void a_worker_that_violates_is_replaced_by_a_sandboxed_one(void)
{
    procspawn_pool *pool = sandboxed_pool();
    const struct procspawn_call_options options = { .pool = pool };
    struct procspawn_result result;

    for (int i = 0; i < 4; i++) {
        procspawn_call_with(&options, opens_or_not, json_true(), &result);
        CU_ASSERT(result.error && procspawn_error_is_violation(result.error));
        procspawn_result_fini(&result);
        procspawn_call_with(&options, opens_or_not, json_false(), &result);
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), 7);
        procspawn_result_fini(&result);
    }
    procspawn_pool_free(pool);
}

static void a_pool_whose_sandbox_is_not_possible_fails_with_the_reason(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_builder *process = procspawn_pool_builder_process(builder);
    procspawn_pool *pool = NULL;
    struct procspawn_result result;

    procspawn_builder_sandbox(process, PROCSPAWN_SANDBOX_FILES);
    procspawn_builder_path(process, "/nowhere", PROCSPAWN_PATH_READ);
    procspawn_pool_builder_attempts(builder, 1);
    int rc = procspawn_pool_builder_build(builder, &pool);
    procspawn_pool_builder_free(builder);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    procspawn_call_with(&(struct procspawn_call_options){ .pool = pool }, opens, NULL, &result);
    CU_ASSERT_FATAL(result.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(result.error), PROCSPAWN_ERROR_SETUP);
    CU_ASSERT(strstr(procspawn_error_message(result.error), "/nowhere") != NULL);
    procspawn_error_print(result.error, stderr);
    procspawn_result_fini(&result);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(calls_of_a_set_have_the_sandbox_of_their_builder),
    TEST(the_workers_of_a_map_are_sandboxed),
    TEST(a_process_of_a_scope_is_sandboxed),
    TEST(typed_functions_are_sandboxed),
    TEST(a_worker_that_violates_is_replaced_by_a_sandboxed_one),
    TEST(a_pool_whose_sandbox_is_not_possible_fails_with_the_reason),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SANDBOX_SUITES("ways", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
