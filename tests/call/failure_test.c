/*
 * failure_test.c - each allocation and each system call of the host fails in turn: a call returns
 * an error or works without it; it never crashes, hangs or leaks, and works the next time
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/fault_injection.h"
#include "tests/support/refusal_sweep.h"

#include <assert.h>
#include <errno.h>
#include <forkscope.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- processes ---- */

static int call(void)
{
    procspawn_handle *handle = NULL;
    json_t *argument = json_pack("{s:[i,n,s]}", "key", 1, "text");

    int rc = argument ? procspawn(calls_echo, argument, &handle) : -ENOMEM;
    json_decref(argument);
    return sweep_join(rc, handle);
}

static int call_with_a_long_argument(void)
{
    static char text[100000];
    procspawn_handle *handle = NULL;

    memset(text, 'x', sizeof text - 1);
    json_t *argument = json_string(text);
    int rc = argument ? procspawn(calls_echo, argument, &handle) : -ENOMEM;
    json_decref(argument);
    return sweep_join(rc, handle);
}

static json_t *crash(json_t *argument)
{
    (void)argument;
    abort();
}

static int call_that_crashes(void)
{
    procspawn_handle *handle = NULL;
    int rc = procspawn(crash, NULL, &handle);

    if (rc < 0)
        return rc;
    rc = sweep_join(rc, handle);
    return rc == PROCSPAWN_ECALL ? 0 : rc;
}

static void set_options(procspawn_builder *builder, int *first)
{
    static const struct rlimit limit = { 64, 64 };

    sweep_note(first, procspawn_builder_env(builder, "NAME", "value"));
    sweep_note(first, procspawn_builder_env_remove(builder, "OTHER"));
    sweep_note(first, procspawn_builder_cwd(builder, "/"));
    sweep_note(first, procspawn_builder_name(builder, "name"));
    sweep_note(first, procspawn_builder_rlimit(builder, RLIMIT_NOFILE, &limit));
    procspawn_builder_stdin(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_FD, STDERR_FILENO);
    procspawn_builder_total_limit(builder, 100 * CALLS_SECOND);
}

static int call_by_a_builder(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle = NULL;
    int first = 0;

    if (!builder)
        return -ENOMEM;
    set_options(builder, &first);
    if (first == 0)
        sweep_note(&first, procspawn_builder_spawn(builder, calls_echo, NULL, &handle));
    if (first == 0)
        first = sweep_join(0, handle);
    procspawn_builder_free(builder);
    return first;
}

PROCSPAWN_DEFINE_STATIC(add, uint32, (uint32, a), (string, b))
{
    return a + (uint32_t)strlen(b);
}

static int typed_call(void)
{
    procspawn_handle *handle;
    procspawn_error *error = NULL;
    uint32_t sum = 0;

    int rc = add_spawn(40, "12", &handle);
    if (rc < 0)
        return rc;
    rc = add_join(handle, &sum, &error);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    return rc == 0 && sum != 42 ? INT32_MIN : rc;
}

static int process_in_a_scope(void)
{
    procspawn_handle *done = NULL, *hanging = NULL;
    scoped_spawner root;
    int first = 0;

    int rc = scoped_spawner_open(NULL, &root);
    if (rc < 0)
        return rc;
    if (sweep_note(&first, scoped_procspawn(root, NULL, calls_echo, NULL, &done)) == 0)
        sweep_note(&first, sweep_join(0, done));
    sweep_note(&first, scoped_procspawn(root, NULL, calls_hang, NULL, &hanging));
    rc = close_whatever(root, SCOPED_FOREVER);
    if (hanging && procspawn_wait_timeout(hanging, 0, NULL) == -ETIMEDOUT)
        first = INT32_MIN;
    procspawn_handle_free(hanging);
    return rc < 0 ? INT32_MIN : first;
}

/* ---- the beginning and the end ---- */

static int begin_and_end(void)
{
    procspawn_config *config = procspawn_config_new();

    if (!config)
        return -ENOMEM;
    procspawn_config_spares(config, 1);
    int rc = procspawn_init_with(config, 0, NULL);
    procspawn_config_free(config);
    return rc < 0 ? rc : procspawn_fini();
}

/* ---- the tests ---- */

REFUSED(init_and_fini_survive_refusals, sweep_without_servers, begin_and_end)
REFUSED(a_call_survives_refusals, sweep_with_servers, call)
REFUSED(a_long_call_survives_refusals, sweep_with_servers, call_with_a_long_argument)
REFUSED(a_call_that_crashes_survives_refusals, sweep_with_servers, call_that_crashes)
REFUSED(a_builder_survives_refusals, sweep_with_servers, call_by_a_builder)
REFUSED(a_typed_call_survives_refusals, sweep_with_servers, typed_call)
REFUSED(a_process_in_a_scope_survives_refusals, sweep_with_servers, process_in_a_scope)

/* ---- what was received is not lost ---- */

static json_t *give_text(json_t *argument)
{
    (void)argument;
    return json_pack("[s,i]", "text", 7);
}

static json_t *panic(json_t *argument)
{
    (void)argument;
    procspawn_panic("as told");
}

static json_t *fail_an_assertion(json_t *argument)
{
    assert(json_is_string(argument));
    return NULL;
}

/* Repeats a join that had no memory, which may last as long as the n-th request is to come. */
static int join_at_last(procspawn_handle *handle, json_t **ret_result, procspawn_error **ret_error)
{
    int rc;

    do {
        rc = procspawn_join(handle, ret_result, ret_error);
    } while (rc == -ENOMEM);
    return rc;
}

static void check_outcome(procspawn_function *function, int rc, const json_t *result,
                          const procspawn_error *error)
{
    if (function == give_text) {
        PROCSPAWN_CUNIT_EQUAL(rc, 0);
        CU_ASSERT(json_integer_value(json_array_get(result, 1)) == 7);
        return;
    }
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    if (function == panic) {
        CU_ASSERT(procspawn_error_is_panic(error));
        CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "as told");
    } else {
        CU_ASSERT(procspawn_error_cause(error) == PROCSPAWN_CAUSE_ASSERT);
        CU_ASSERT(strstr(procspawn_error_message(error), "json_is_string") != NULL);
        CU_ASSERT(procspawn_error_file(error) != NULL);
    }
}

static void check_that_nothing_is_lost(procspawn_pool *pool, procspawn_function *function)
{
    enum { ENOUGH = 3 };

    for (unsigned n = 1, ends = 0; ends < ENOUGH; n++) {
        procspawn_handle *handle = NULL;
        procspawn_error *error = NULL;
        json_t *result = NULL;
        int rc = pool ? procspawn_pool_spawn(pool, function, NULL, &handle)
                      : procspawn(function, NULL, &handle);

        CU_ASSERT_FATAL(rc == 0);
        fail_arm(FAIL_MEMORY, n);
        rc = join_at_last(handle, &result, &error);
        ends = fail_disarm() ? 0 : ends + 1;
        check_outcome(function, rc, result, error);
        json_decref(result);
        procspawn_error_free(error);
        procspawn_handle_free(handle);
    }
}

static void a_join_without_memory_loses_nothing(void)
{
    calls_begin();
    check_that_nothing_is_lost(NULL, give_text);
    check_that_nothing_is_lost(NULL, panic);
    check_that_nothing_is_lost(NULL, fail_an_assertion);
    calls_end();
}

static void nor_does_one_of_a_pool_s_call(void)
{
    procspawn_pool *pool;

    calls_begin();
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    check_that_nothing_is_lost(pool, give_text);
    check_that_nothing_is_lost(pool, panic);
    procspawn_pool_free(pool);
    calls_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(init_and_fini_survive_refusals),
    TEST(a_call_survives_refusals),
    TEST(a_long_call_survives_refusals),
    TEST(a_call_that_crashes_survives_refusals),
    TEST(a_builder_survives_refusals),
    TEST(a_typed_call_survives_refusals),
    TEST(a_process_in_a_scope_survives_refusals),
    TEST(a_join_without_memory_loses_nothing),
    TEST(nor_does_one_of_a_pool_s_call),
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
