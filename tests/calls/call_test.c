/*
 * call_test.c - calls in one line: results, errors of every sort, who owns what
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/tree_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <unistd.h>

static json_t *increment(json_t *number)
{
    return json_integer(json_integer_value(number) + 1);
}

static json_t *exit_with_three(json_t *unused)
{
    (void)unused;
    _exit(3);
}

static json_t *give_descriptor(json_t *unused)
{
    (void)unused;
    return json_pack("{s:o}", "file", procspawn_value_fd_take(dup(0)));
}

/* Checks that it is this integer. Takes the value. */
static void check_integer(json_t *value, json_int_t number)
{
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(value), number);
    json_decref(value);
}

/* Checks the code and the kind, and frees the error. */
static void check_error(procspawn_error *error, int code, enum procspawn_error_kind kind)
{
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), code);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_kind(error), (int)kind);
    CU_ASSERT(procspawn_error_message(error)[0] != '\0');
    procspawn_error_free(error);
}

/* Checks the code and the message of an error of kind SETUP, and frees it. */
static void check_refusal(procspawn_error *error, int code, const char *message)
{
    CU_ASSERT_FATAL(error != NULL);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), message);
    check_error(error, code, PROCSPAWN_ERROR_SETUP);
}

/* ---- in a process ---- */

static void a_call_gives_what_the_function_returned(void)
{
    json_t *argument = json_integer(41), *result = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call(increment, argument, &result, &error), 0);
    CU_ASSERT(error == NULL);
    check_integer(result, 42);
    PROCSPAWN_CUNIT_EQUAL((int)argument->refcount, 1);
    json_decref(argument);
}

static void results_and_errors_that_nobody_wants_are_freed(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_call(calls_pid, NULL, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call(exit_with_three, NULL, NULL, NULL), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call(NULL, NULL, NULL, NULL), PROCSPAWN_EFUNCTION);
}

static void the_death_of_the_process_is_an_error(void)
{
    json_t *result = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call(exit_with_three, NULL, &result, &error),
                          PROCSPAWN_ECALL);
    CU_ASSERT(result == NULL);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 3);
    check_error(error, PROCSPAWN_ECALL, PROCSPAWN_ERROR_REMOTE_CLOSE);
}

static void a_call_that_cannot_be_made_is_an_error_object_too(void)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call(NULL, NULL, NULL, &error), PROCSPAWN_EFUNCTION);
    CU_ASSERT_FATAL(error != NULL);
    json_t *object = procspawn_error_json(error);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(object, "code")),
                          PROCSPAWN_EFUNCTION);
    json_decref(object);
    check_error(error, PROCSPAWN_EFUNCTION, PROCSPAWN_ERROR_SETUP);
}

static void a_call_before_init_is_an_error_object(void)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call(calls_echo, NULL, NULL, &error), PROCSPAWN_ENOTINIT);
    check_error(error, PROCSPAWN_ENOTINIT, PROCSPAWN_ERROR_SETUP);
}

static void the_take_form_releases_the_argument_also_on_failure(void)
{
    json_t *argument = json_integer(1), *result = NULL;
    procspawn_error *error = NULL;

    json_incref(argument);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_take(increment, argument, &result, NULL), 0);
    check_integer(result, 2);
    PROCSPAWN_CUNIT_EQUAL((int)argument->refcount, 1);
    json_incref(argument);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_take(NULL, argument, NULL, &error),
                          PROCSPAWN_EFUNCTION);
    check_error(error, PROCSPAWN_EFUNCTION, PROCSPAWN_ERROR_SETUP);
    PROCSPAWN_CUNIT_EQUAL((int)argument->refcount, 1);
    json_decref(argument);
}

static void the_take_form_reports_a_value_that_could_not_be_made(void)
{
    procspawn_error *error = NULL;
    json_t *not_text = json_pack("{s:s}", "path", "\xff");

    CU_ASSERT(not_text == NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_take(calls_echo, not_text, NULL, &error),
                          PROCSPAWN_EJSON);
    check_refusal(error, PROCSPAWN_EJSON,
                  "the argument is NULL, not a JSON value: json_pack() and the like return "
                  "NULL for a wrong format, for text that is not UTF-8, and without memory; "
                  "json_pack_ex() tells which");
}

static void a_pool_of_null_is_refused(void)
{
    json_t *argument = json_integer(1);
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(NULL, calls_echo, argument, NULL, &error), -EINVAL);
    check_refusal(error, -EINVAL, "the pool is NULL");
    error = NULL;
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call_take(NULL, calls_echo, json_incref(argument), NULL,
                                                   &error), -EINVAL);
    check_refusal(error, -EINVAL, "the pool is NULL");
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(NULL, calls_echo, argument, &handle), -EINVAL);
    CU_ASSERT(handle == NULL);
    PROCSPAWN_CUNIT_EQUAL((int)argument->refcount, 1);
    json_decref(argument);
}

static void descriptors_in_the_result_of_a_short_form_are_closed(void)
{
    json_t *result = NULL;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call(give_descriptor, NULL, &result, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(json_object_get(result, "file"), &fd),
                          PROCSPAWN_EVALUE);
    json_decref(result);
}

/* ---- in a pool ---- */

static void a_pool_calls_in_one_line_too(void)
{
    procspawn_pool *pool = pool_make(1);
    json_t *result = NULL;
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(pool, pool_count, NULL, &result, NULL), 0);
    check_integer(result, 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call_take(pool, increment, json_integer(6), &result,
                                                   NULL), 0);
    check_integer(result, 7);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(pool, exit_with_three, NULL, NULL, &error),
                          PROCSPAWN_ECALL);
    check_error(error, PROCSPAWN_ECALL, PROCSPAWN_ERROR_REMOTE_CLOSE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(pool, pool_count, NULL, NULL, &error),
                          PROCSPAWN_ESHUTDOWN);
    check_error(error, PROCSPAWN_ESHUTDOWN, PROCSPAWN_ERROR_SETUP);
    procspawn_pool_free(pool);
}

/* ---- in a scope ---- */

static int call_in_scope(scoped_spawner self, void *ret_pid)
{
    json_t *result = NULL;
    int rc = scoped_procspawn_call(self, calls_pid, NULL, &result, NULL);

    *(json_int_t *)ret_pid = json_integer_value(result);
    json_decref(result);
    return rc;
}

static void a_call_is_a_child_of_its_scope(void)
{
    scoped_spawner root, scope;
    json_int_t pid = 0;
    procspawn_error *error = NULL;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_scope_open(root, NULL, &scope), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn(scope, call_in_scope, &pid, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_close(scope, SCOPED_FOREVER, NULL), 0);
    CU_ASSERT(pid > 0);
    CU_ASSERT(!tree_exists((pid_t)pid));
    PROCSPAWN_CUNIT_EQUAL(scoped_procspawn_call(scope, calls_pid, NULL, NULL, &error),
                          SCOPED_ESTALE);
    check_error(error, SCOPED_ESTALE, PROCSPAWN_ERROR_SETUP);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo process_tests[] = {
    TEST(a_call_gives_what_the_function_returned),
    TEST(results_and_errors_that_nobody_wants_are_freed),
    TEST(the_death_of_the_process_is_an_error),
    TEST(a_call_that_cannot_be_made_is_an_error_object_too),
    TEST(the_take_form_releases_the_argument_also_on_failure),
    TEST(the_take_form_reports_a_value_that_could_not_be_made),
    TEST(a_pool_of_null_is_refused),
    TEST(descriptors_in_the_result_of_a_short_form_are_closed),
    TEST(a_pool_calls_in_one_line_too),
    TEST(a_call_is_a_child_of_its_scope),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo without_init[] = {
    TEST(a_call_before_init_is_an_error_object),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("calls", process_tests),
    { .pName = "without_init", .pTests = without_init },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
