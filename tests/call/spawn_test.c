/*
 * spawn_test.c - the tests that procspawn 1.0.1 has in tests/test_basic.rs, by their names
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *negate(json_t *argument)
{
    return json_boolean(!json_is_true(argument));
}

static void test_basic(void)
{
    json_t *value = calls_result(calls_start(negate, json_true()));

    CU_ASSERT(json_is_false(value));
    json_decref(value);
}

enum { PANIC_LINE = __LINE__ + 5 };

static json_t *go_wrong(json_t *argument)
{
    (void)argument;
    procspawn_panic("something went wrong");
}

static void test_panic(void)
{
    struct procspawn_frame frame;
    procspawn_error *error = calls_error(calls_start(go_wrong, NULL));

    CU_ASSERT(procspawn_error_is_panic(error));
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "something went wrong");
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    CU_ASSERT_FATAL(procspawn_error_frame(error, 0, &frame) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_line(error), PANIC_LINE);
    CU_ASSERT(strstr(procspawn_error_file(error), "spawn_test.c") != NULL);
    CU_ASSERT_STRING_EQUAL(procspawn_error_function(error), "go_wrong");
    procspawn_error_free(error);
}

static void test_kill(void)
{
    procspawn_handle *handle = calls_start(calls_hang, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static json_t *add_foo(json_t *argument)
{
    const char *foo = getenv("FOO");
    return foo ? json_integer(atoi(foo) + json_integer_value(argument)) : NULL;
}

static void test_envvar(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    CU_ASSERT_FATAL(builder != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_env(builder, "FOO", "42"), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, add_foo, json_integer(23))), 42 + 23);
    procspawn_builder_free(builder);
}

static json_t *inner(json_t *argument)
{
    puts("2");
    return json_incref(argument);
}

static json_t *outer(json_t *argument)
{
    procspawn_handle *handle;
    json_t *result;

    puts("1");
    if (procspawn(inner, argument, &handle) < 0 || procspawn_join(handle, &result, NULL) < 0)
        return NULL;
    procspawn_handle_free(handle);
    puts("3");
    return result;
}

static void test_nested(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    char text[16] = "";

    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    procspawn_handle *handle = calls_build(builder, outer, json_integer(5));
    int out = procspawn_stdout_claim(handle);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 5);
    for (size_t at = 0; at < sizeof text - 1;) {
        ssize_t n = read(out, text + at, sizeof text - 1 - at);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    CU_ASSERT_STRING_EQUAL(text, "2\n1\n3\n");
    close(out);
    procspawn_builder_free(builder);
}

static json_t *sleep_a_little(json_t *argument)
{
    (void)argument;
    usleep(100000);
    return json_integer(42);
}

static void test_timeout(void)
{
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    json_t *value = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 100 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    procspawn_handle_free(handle);
    handle = calls_start(sleep_a_little, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 2 * CALLS_SECOND, &value, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(value), 42);
    json_decref(value);
    procspawn_handle_free(handle);
}

static CU_TestInfo tests[] = {
    { "test_basic", test_basic },
    { "test_panic", test_panic },
    { "test_kill", test_kill },
    { "test_envvar", test_envvar },
    { "test_nested", test_nested },
    { "test_timeout", test_timeout },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "procspawn_basic", .pSetUpFunc = calls_begin, .pTearDownFunc = calls_end,
      .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
