/*
 * config_test.c - a pool's configuration: when workers start and end, and what they are given
 */
#include "tests/support/pool_helpers.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void workers_are_recycled_after_calls(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_recycle_after_calls(builder, 3);
    procspawn_pool *pool = pool_build(builder);
    for (int i = 0; i < 9; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), i % 3 + 1);
    procspawn_pool_free(pool);
}

static json_t *grow(json_t *argument)
{
    size_t size = (size_t)json_integer_value(argument);
    static char *volatile memory;

    memory = malloc(size + 1);
    memset(memory, 1, size + 1);
    return pool_count(argument);
}

static void workers_are_recycled_above_bytes(void)
{
    enum { LIMIT = 64 << 20 };
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_recycle_above_bytes(builder, LIMIT);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, grow, json_integer(0)), 1);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, grow, json_integer(LIMIT)), 2);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, grow, json_integer(0)), 1);
    procspawn_pool_free(pool);
}

static void pools_grow_and_shrink(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(3);
    procspawn_handle *handles[4];
    struct pool_gate gate;
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;

    procspawn_pool_builder_minimum(builder, 0, 20 * CALLS_MS);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 0);
    pool_gate_make(&gate);
    for (int i = 0; i < 4; i++)
        handles[i] = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 3);
    for (int i = 0; i < 3; i++)
        pool_await_start(handles[i]);
    pool_gate_open(&gate);
    for (int i = 0; i < 4; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[i]), 42);
    while (procspawn_pool_size(pool) > 0 && calls_now() < deadline)
        poll(NULL, 0, 5);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* A time near the end of the clock is never, and no sum of it is in the past. */
static void idle_for_ever_is_for_ever(void)
{
    static const int64_t times[] = { INT64_MAX, INT64_MAX - 1, INT64_MAX / 2 };

    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        procspawn_pool_builder *builder = procspawn_pool_builder_new(2);
        procspawn_pool_builder_minimum(builder, 0, times[i]);
        procspawn_pool *pool = pool_build(builder);
        json_int_t pid = pool_number(pool, calls_pid, NULL);
        for (int j = 0; j < 3; j++)
            PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), pid);
        PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 1);
        procspawn_pool_free(pool);
    }
}

static json_t *get_variable(json_t *argument)
{
    const char *value = getenv(json_string_value(argument));
    return value ? json_string(value) : json_null();
}

static void workers_have_the_environment_of_the_build(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    setenv("POOL_OUTER", "before", 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_env(builder, "POOL_INNER", "inner"), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_env_remove(builder, "HOME"), 0);
    procspawn_pool *pool = pool_build(builder);
    setenv("POOL_OUTER", "after", 1);
    calls_check_text(calls_result(pool_start(pool, get_variable, json_string("POOL_INNER"))),
                     "inner");
    calls_check_text(calls_result(pool_start(pool, get_variable, json_string("POOL_OUTER"))),
                     "before");
    CU_ASSERT(json_is_null(calls_result(pool_start(pool, get_variable, json_string("HOME")))));
    procspawn_pool_free(pool);
    unsetenv("POOL_OUTER");
}

#define TEST(name) { #name, name }

static CU_TestInfo config_tests[] = {
    TEST(workers_are_recycled_after_calls),
    TEST(workers_are_recycled_above_bytes),
    TEST(pools_grow_and_shrink),
    TEST(idle_for_ever_is_for_ever),
    TEST(workers_have_the_environment_of_the_build),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("config", config_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
