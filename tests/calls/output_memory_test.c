/*
 * output_memory_test.c - captured output of a call that ended when there was no memory to give it
 */
#include "tests/support/call_helpers.h"
#include "tests/support/fault_injection.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT = 64 * 1024, MOST = 60 };

static json_t *say(json_t *argument)
{
    printf("this");
    return json_incref(argument);
}

static json_t *say_nothing(json_t *argument)
{
    return json_incref(argument);
}

/* The call has ended and nothing was fetched. */
static procspawn_handle *make_call(procspawn_function *function)
{
    const struct procspawn_call_options options = { .capture_limit = LIMIT };
    procspawn_handle *handle = NULL;

    CU_ASSERT_FATAL(procspawn_start(&options, function, NULL, &handle) == 0);
    CU_ASSERT_FATAL(procspawn_wait(handle, NULL) == 0);
    return handle;
}

static bool is_all(const struct procspawn_output *output, const char *text)
{
    return strcmp(output->data, text) == 0 && output->total == strlen(text) && !output->truncated;
}

static bool is_missing(const struct procspawn_output *output, uint64_t total)
{
    return output->size == 0 && output->data != NULL && output->data[0] == '\0' &&
           output->total == total && output->truncated;
}

/* Each request for memory of a finish fails in turn. Returns how often the output was missing. */
static unsigned count_missing(procspawn_function *function, const char *text)
{
    unsigned missing = 0;

    for (unsigned n = 1; n < MOST; n++) {
        procspawn_handle *handle = make_call(function);
        struct procspawn_result result;
        fail_arm(FAIL_MEMORY, n);
        procspawn_finish(handle, -1, &result);
        const char *failed = fail_disarm();
        bool lost = is_missing(&result.out, strlen(text));
        CU_ASSERT(lost || is_all(&result.out, text));
        CU_ASSERT(!lost || failed != NULL);
        missing += lost;
        procspawn_result_fini(&result);
        if (failed == NULL)
            break;
    }
    return missing;
}

static void output_that_no_memory_is_there_for_is_told_as_missing(void)
{
    CU_ASSERT(count_missing(say, "this") >= 1);
}

static void a_call_that_printed_nothing_misses_no_output(void)
{
    PROCSPAWN_CUNIT_EQUAL(count_missing(say_nothing, ""), 0);
}

static void what_a_handle_is_asked_for_is_untouched_without_memory(void)
{
    procspawn_handle *handle = make_call(say);
    struct procspawn_output output = { .size = 7 };

    fail_arm_all(FAIL_MEMORY, 1);
    int rc = procspawn_captured_stdout(handle, &output);
    fail_disarm();
    PROCSPAWN_CUNIT_EQUAL(rc, -ENOMEM);
    PROCSPAWN_CUNIT_EQUAL((long)output.size, 7);
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), 0);
    CU_ASSERT(is_all(&output, "this"));
    procspawn_handle_free(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(output_that_no_memory_is_there_for_is_told_as_missing),
    TEST(a_call_that_printed_nothing_misses_no_output),
    TEST(what_a_handle_is_asked_for_is_untouched_without_memory),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("output_memory", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    fail_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
