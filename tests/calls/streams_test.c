/*
 * streams_test.c - input and captured output of calls with options
 */
#include "tests/support/call_helpers.h"
#include "tests/support/host_helpers.h"
#include "tests/support/jail.h"
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LIMIT = 64 * 1024 };

/* ---- output ---- */

static json_t *say(json_t *argument)
{
    printf("%s", json_string_value(argument));
    fprintf(stderr, "not %s", json_string_value(argument));
    return json_null();
}

static void check_output(const struct procspawn_call_options *options)
{
    json_t *argument = json_string("this");
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(options, say, argument, &result), 0);
    CU_ASSERT_STRING_EQUAL(result.out.data, "this");
    CU_ASSERT_STRING_EQUAL(result.err.data, "not this");
    PROCSPAWN_CUNIT_EQUAL((long)result.out.total, 4);
    procspawn_result_fini(&result);
    json_decref(argument);
}

static void the_result_has_the_output_of_a_call_of_each_kind(void)
{
    procspawn_pool *pool = pool_make(1);
    scoped_spawner root;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    check_output(&(struct procspawn_call_options){ .capture_limit = LIMIT });
    check_output(&(struct procspawn_call_options){ .capture_limit = LIMIT, .pool = pool });
    check_output(&(struct procspawn_call_options){ .capture_limit = LIMIT, .scope = &root });
    check_output(&(struct procspawn_call_options){ .capture_limit = LIMIT, .scope = &root,
                                                   .pool = pool });
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    procspawn_pool_free(pool);
}

static json_t *say_much(json_t *argument)
{
    for (int i = 0; i < 1000; i++)
        puts("line");
    return json_incref(argument);
}

static void the_limit_of_a_call_goes_before_that_of_the_builder(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    struct procspawn_result result;

    procspawn_builder_capture(procspawn_pool_builder_process(builder), LIMIT, true);
    procspawn_pool *pool = pool_build(builder);
    const struct procspawn_call_options all = { .pool = pool };
    const struct procspawn_call_options few = { .pool = pool, .capture_limit = 10 };
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&all, say_much, json_null(), &result), 0);
    PROCSPAWN_CUNIT_EQUAL((long)result.out.size, 5000);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&few, say_much, json_null(), &result), 0);
    CU_ASSERT(result.out.truncated && result.out.size < 100);
    PROCSPAWN_CUNIT_EQUAL((long)result.out.total, 5000);
    procspawn_result_fini(&result);
    procspawn_pool_free(pool);
}

static void the_output_of_a_call_of_a_pool_outlives_the_pool(void)
{
    procspawn_pool *pool = pool_make(1);
    const struct procspawn_call_options options = { .pool = pool, .capture_limit = LIMIT };
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, say_much, json_null(), &result), 0);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL((long)strlen(result.out.data), 5000);
    procspawn_result_fini(&result);
}

static json_t *say_and_fail(json_t *unused)
{
    (void)unused;
    printf("no line");
    return procspawn_fail("it is bad");
}

static void what_stdio_holds_is_there_when_a_function_fails(void)
{
    procspawn_pool *pool = pool_make(1);

    for (int i = 0; i < 2; i++) {
        const struct procspawn_call_options options = { .capture_limit = LIMIT,
                                                        .pool = i == 0 ? NULL : pool };
        struct procspawn_result result;
        PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, say_and_fail, NULL, &result),
                              PROCSPAWN_ECALL);
        CU_ASSERT_STRING_EQUAL(result.out.data, "no line");
        procspawn_result_fini(&result);
    }
    procspawn_pool_free(pool);
}

/* ---- input ---- */

/* Returns the number of bytes in stdin, read in two ways. */
static json_t *count_input(json_t *unused)
{
    long count = 0;

    (void)unused;
    while (getchar() != EOF)
        count++;
    return json_pack("[I, I]", (json_int_t)count, (json_int_t)lseek(0, 0, SEEK_END));
}

static void check_input(procspawn_pool *pool, const char *bytes, size_t size)
{
    const struct procspawn_call_options options = { .pool = pool, .input = bytes,
                                                    .input_size = size };
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, count_input, NULL, &result), 0);
    PROCSPAWN_CUNIT_EQUAL((long)json_integer_value(json_array_get(result.value, 0)), (long)size);
    PROCSPAWN_CUNIT_EQUAL((long)json_integer_value(json_array_get(result.value, 1)), (long)size);
    procspawn_result_fini(&result);
}

static void a_function_reads_its_input_from_stdin(void)
{
    enum { SIZE = 1 << 20 };
    char *bytes = calloc(1, SIZE);
    procspawn_pool *pool = pool_make(1);

    CU_ASSERT_FATAL(bytes != NULL);
    for (int i = 0; i < 2; i++) {
        procspawn_pool *where = i == 0 ? NULL : pool;
        check_input(where, bytes, SIZE);
        check_input(where, "", 0);
        check_input(where, "short", 5);
    }
    procspawn_pool_free(pool);
    free(bytes);
}

static json_t *read_one(json_t *unused)
{
    (void)unused;
    return json_integer(getchar());
}

static int first_byte(procspawn_pool *pool, const char *input)
{
    const struct procspawn_call_options options = { .pool = pool, .input = input,
                                                    .input_size = input ? strlen(input) : 0 };
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, read_one, NULL, &result), 0);
    int byte = (int)json_integer_value(result.value);
    procspawn_result_fini(&result);
    return byte;
}

static void what_a_call_of_a_pool_does_not_read_is_not_the_next_ones(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_disable_stdin(builder);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(first_byte(pool, "abc"), 'a');
    PROCSPAWN_CUNIT_EQUAL(first_byte(pool, "xyz"), 'x');
    PROCSPAWN_CUNIT_EQUAL(first_byte(pool, NULL), EOF);
    PROCSPAWN_CUNIT_EQUAL(first_byte(pool, "123"), '1');
    procspawn_pool_free(pool);
}

static json_t *change_input(json_t *unused)
{
    (void)unused;
    bool changed = write(0, "x", 1) >= 0;
    changed |= ftruncate(0, 0) == 0;
    changed |= ftruncate(0, 1000) == 0;
    return json_boolean(changed);
}

static void a_function_cannot_change_its_input(void)
{
    const struct procspawn_call_options options = { .input = "abc", .input_size = 3 };
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, change_input, NULL, &result), 0);
    CU_ASSERT(json_is_false(result.value));
    procspawn_result_fini(&result);
}

/* ---- calls of a set ---- */

static json_t *say_input(json_t *unused)
{
    char line[16] = "";

    (void)unused;
    printf("%s", fgets(line, sizeof line, stdin) ? line : "nothing");
    return json_null();
}

/* The input is copied: what the caller has there may change once the call was made. */
static void a_call_of_a_set_has_input_and_output(void)
{
    enum { CALLS = 8 };
    procspawn_pool *pool = pool_make(1);
    procspawn_set *set = NULL;
    struct procspawn_result result;
    scoped_spawner root;
    char input[] = "0";

    CU_ASSERT_FATAL(procspawn_set_new(&set) == 0 && scoped_spawner_open(NULL, &root) == 0);
    for (int i = 0; i < CALLS; i++) {
        const struct procspawn_call_options options = {
            .capture_limit = LIMIT, .input = input, .input_size = 1,
            .pool = i % 2 == 0 ? pool : NULL, .scope = i % 4 < 2 ? &root : NULL,
        };
        input[0] = (char)('0' + i);
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, say_input, NULL,
                                                  (void *)(intptr_t)i), 0);
    }
    for (int i = 0; i < CALLS; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_next_timeout(set, 20 * CALLS_SECOND, &result), 0);
        PROCSPAWN_CUNIT_EQUAL(result.out.data[0], '0' + (int)(intptr_t)result.tag);
        PROCSPAWN_CUNIT_EQUAL((long)result.out.total, 1);
        procspawn_result_fini(&result);
    }
    procspawn_set_free(set);
    scoped_cancel_close(root, SCOPED_FOREVER, NULL);
    procspawn_pool_free(pool);
}

/* ---- in a jail ---- */

/*
 * Nobody is told how much lies in a pipe. It is asked for when a call has ended before its output
 * was read, as some do.
 */
static void call_a_worker_without_lengths(void)
{
    static const struct jail_rule rule = { SYS_ioctl, 1, ~0U, FIONREAD };

    jail_enter(&rule, EPERM);
    calls_begin();
    procspawn_pool *pool = pool_make(1);
    for (int i = 0; i < 300; i++)
        check_output(&(struct procspawn_call_options){ .capture_limit = LIMIT, .pool = pool });
    procspawn_pool_free(pool);
    calls_end();
    if (CU_get_number_of_failures() > 0)
        _exit(1);
}

static void output_is_captured_where_lengths_are_not_told(void)
{
    host_run(call_a_worker_without_lengths);
}

#define TEST(name) { #name, name }

static CU_TestInfo jailed_tests[] = {
    TEST(output_is_captured_where_lengths_are_not_told),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo tests[] = {
    TEST(the_result_has_the_output_of_a_call_of_each_kind),
    TEST(the_limit_of_a_call_goes_before_that_of_the_builder),
    TEST(the_output_of_a_call_of_a_pool_outlives_the_pool),
    TEST(what_stdio_holds_is_there_when_a_function_fails),
    TEST(a_function_reads_its_input_from_stdin),
    TEST(what_a_call_of_a_pool_does_not_read_is_not_the_next_ones),
    TEST(a_function_cannot_change_its_input),
    TEST(a_call_of_a_set_has_input_and_output),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("streams", tests),
    { .pName = "streams in a jail", .pTests = jailed_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
