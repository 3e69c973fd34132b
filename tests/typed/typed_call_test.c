/*
 * typed_call_test.c - typed functions called in one line, and with options
 */
#include "tests/support/typed_helpers.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

PROCSPAWN_DEFINE_STATIC(add, int, (int8, a), (int8, b))
{
    return a + b;
}

PROCSPAWN_DEFINE_STATIC(greet, string, (string, name))
{
    char *text;
    return asprintf(&text, "hello, %s", name) < 0 ? NULL : text;
}

PROCSPAWN_DEFINE_STATIC(own_pid, int)
{
    return getpid();
}

PROCSPAWN_DEFINE_STATIC(half, double, (double, whole))
{
    return whole / 2;
}

PROCSPAWN_DEFINE_STATIC(open_null, fd)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

PROCSPAWN_DEFINE_STATIC(nested, json, (fd, it))
{
    return json_pack("[o]", procspawn_value_fd_take(dup(it)));
}

static json_t *wrong_result(json_t *argument)
{
    (void)argument;
    return json_string("a string");
}

static void a_call_is_one_line(void)
{
    procspawn_error *error = NULL;
    char *text = NULL;
    int sum = 0;

    PROCSPAWN_CUNIT_EQUAL(add_call(100, 27, &sum, &error), 0);
    PROCSPAWN_CUNIT_EQUAL(sum, 127);
    PROCSPAWN_CUNIT_EQUAL(greet_call("you", &text, &error), 0);
    CU_ASSERT_STRING_EQUAL(text, "hello, you");
    free(text);
    PROCSPAWN_CUNIT_EQUAL(greet_call("nobody", NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(nothing_at_all_call(&error), 0);
    CU_ASSERT_PTR_NULL(error);
}

static void refused(int rc, procspawn_error *error, int code, const char *message)
{
    PROCSPAWN_CUNIT_EQUAL(rc, code);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_SETUP);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), code);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), message);
    procspawn_error_free(error);
}

static void an_argument_that_is_refused_is_named(void)
{
    procspawn_error *error = NULL;
    int sum = 7;

    int rc = add_call(1, 300, &sum, &error);
    refused(rc, error, PROCSPAWN_ERANGE, "add: parameter b: 300 does not fit into int8");
    rc = add_call(INT64_MIN, 300, &sum, &error);
    refused(rc, error, PROCSPAWN_ERANGE,
            "add: parameter a: -9223372036854775808 does not fit into int8");
    PROCSPAWN_CUNIT_EQUAL(sum, 7);
    rc = greet_call("\xff", NULL, &error);
    refused(rc, error, PROCSPAWN_EJSON, "greet: parameter name: the string is not UTF-8");
    rc = half_call((double)INFINITY, NULL, &error);
    refused(rc, error, PROCSPAWN_EJSON, "half: parameter whole: the number is not finite");
    PROCSPAWN_CUNIT_EQUAL(add_call(1, 300, &sum, NULL), PROCSPAWN_ERANGE);
}

static void a_pool_of_null_is_refused(void)
{
    procspawn_error *error = NULL;
    procspawn_handle *handle = NULL;
    int pid = 7;

    int rc = own_pid_pool_call(NULL, &pid, &error);
    refused(rc, error, -EINVAL, "the pool is NULL");
    PROCSPAWN_CUNIT_EQUAL(pid, 7);
    PROCSPAWN_CUNIT_EQUAL(own_pid_pool_spawn(NULL, &handle), -EINVAL);
    CU_ASSERT(handle == NULL);
}

static void a_builder_of_null_changes_nothing(void)
{
    procspawn_handle *handle = NULL;
    int pid = 0;

    PROCSPAWN_CUNIT_EQUAL(own_pid_builder_spawn(NULL, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(own_pid_join(handle, &pid, NULL), 0);
    CU_ASSERT(pid > 0);
    procspawn_handle_free(handle);
}

static void options_say_where_a_call_is_made(void)
{
    struct procspawn_call_options options = { 0 };
    procspawn_handle *handle = NULL;
    int first = 0, second = 0, third = 0;

    CU_ASSERT_FATAL(procspawn_pool_new(1, &options.pool) == 0);
    PROCSPAWN_CUNIT_EQUAL(own_pid_pool_call(options.pool, &first, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(own_pid_call_with(&options, &second, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(own_pid_start(&options, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(own_pid_join(handle, &third, NULL), 0);
    procspawn_handle_free(handle);
    CU_ASSERT(first > 0 && first == second && first == third);
    procspawn_pool_free(options.pool);
}

static void a_whole_result_is_taken_apart(void)
{
    struct procspawn_result result;
    procspawn_handle *handle = NULL;
    int sum = 0;

    PROCSPAWN_CUNIT_EQUAL(add_start(NULL, 3, 4, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(handle, -1, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(add_result(&result, &sum), 0);
    PROCSPAWN_CUNIT_EQUAL(sum, 7);
    procspawn_result_fini(&result);
}

static void a_whole_result_of_another_type_becomes_a_failed_one(void)
{
    struct procspawn_result result;
    int sum = 7;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, wrong_result, NULL, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(add_result(&result, &sum), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(result.status, PROCSPAWN_ECALL);
    CU_ASSERT_PTR_NULL(result.value);
    CU_ASSERT_FATAL(result.error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(result.error), PROCSPAWN_ERROR_JSON);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(result.error),
                           "the result of add: " TYPED_NOT_IT);
    PROCSPAWN_CUNIT_EQUAL(add_result(&result, &sum), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(sum, 7);
    procspawn_result_fini(&result);
}

static void calls_of_a_set_are_told_apart_by_their_tags(void)
{
    struct procspawn_result result;
    procspawn_set *set = NULL;
    int tags[3], total = 0;

    CU_ASSERT_FATAL(procspawn_set_new(&set) == 0);
    for (int i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(add_set_start(set, NULL, i, 10, &tags[i]), 0);
    PROCSPAWN_CUNIT_EQUAL(add_set_start(set, NULL, 1, 300, NULL), PROCSPAWN_ERANGE);
    while (procspawn_set_next(set, &result) == 0) {
        int sum = 0;
        PROCSPAWN_CUNIT_EQUAL(add_result(&result, &sum), 0);
        PROCSPAWN_CUNIT_EQUAL(sum, 10 + (int)((int *)result.tag - tags));
        total += sum;
        procspawn_result_fini(&result);
    }
    PROCSPAWN_CUNIT_EQUAL(total, 33);
    procspawn_set_free(set);
}

static void a_descriptor_is_the_callers_after_the_call(void)
{
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(open_null_call(&fd, NULL), 0);
    CU_ASSERT(fcntl(fd, F_GETFD) >= 0);
    close(fd);
    PROCSPAWN_CUNIT_EQUAL(open_null_call(NULL, NULL), 0);
}

/* The harness looks for descriptors that were left open. */
static void a_descriptor_inside_of_json_is_closed_after_the_call(void)
{
    json_t *value = NULL;
    int fd;

    PROCSPAWN_CUNIT_EQUAL(nested_call(1, &value, NULL), 0);
    CU_ASSERT(procspawn_value_claim_fd(json_array_get(value, 0), &fd) < 0);
    json_decref(value);
}

#define TEST(name) { #name, name }

static CU_TestInfo calls[] = {
    TEST(a_call_is_one_line),
    TEST(an_argument_that_is_refused_is_named),
    TEST(a_pool_of_null_is_refused),
    TEST(a_builder_of_null_changes_nothing),
    TEST(options_say_where_a_call_is_made),
    TEST(a_whole_result_is_taken_apart),
    TEST(a_whole_result_of_another_type_becomes_a_failed_one),
    TEST(calls_of_a_set_are_told_apart_by_their_tags),
    TEST(a_descriptor_is_the_callers_after_the_call),
    TEST(a_descriptor_inside_of_json_is_closed_after_the_call),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("typed_calls", calls),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
