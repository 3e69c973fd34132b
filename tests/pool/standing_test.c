/*
 * standing_test.c - long arguments and results of a pool's workers, in buffers that stay
 */
#include "src/child/standing.h"
#include "tests/support/long_values.h"
#include "tests/support/pool_helpers.h"

#include <forkscope/bytes.h>
#include <forkscope/sandbox.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KIB = 1024, MIB = 1024 * KIB };

/* Bytes that are not the same at any two sizes. */
static json_t *make_bytes(size_t length)
{
    unsigned char *data = malloc(length + 1);

    CU_ASSERT_FATAL(data != NULL);
    for (size_t i = 0; i < length; i++)
        data[i] = (unsigned char)(i * 31 + length);
    return procspawn_value_bytes_take(data, length);
}

/* ---- what travels ---- */

static json_t *mixed(size_t length)
{
    return json_pack("{s:o, s:[o, o, i], s:s}", "bytes", make_bytes(length), "list",
                     long_string(length / 2, 'x'), make_bytes(length / 4), 7, "name", "mixed");
}

static void values_of_all_lengths_arrive_in_any_order(void)
{
    static const size_t lengths[] = { 3 * KIB, 47 * KIB, 48 * KIB, 49 * KIB, 300 * KIB, MIB,
                                      4 * MIB - 200, 4 * MIB, 5 * MIB };
    enum { COUNT = sizeof lengths / sizeof lengths[0] };
    procspawn_pool *pool = pool_make(1);

    for (size_t i = 0; i < 2 * COUNT; i++) {
        long_check_echo(pool, make_bytes(lengths[i < COUNT ? i : 2 * COUNT - 1 - i]));
        long_check_echo(pool, mixed(lengths[i * 7 % COUNT] / 2));
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), (json_int_t)i + 1);
    }
    procspawn_pool_free(pool);
}

static json_t *has_buffers(json_t *argument)
{
    bool argument_stands = procspawn__standing_argument(json_string_length(argument)) != NULL;
    return json_integer(argument_stands + 2 * (procspawn__standing_results() != NULL));
}

static void a_worker_has_buffers_after_its_first_long_call(void)
{
    procspawn_pool *pool = pool_make(1);

    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, has_buffers, json_string("short")), 0);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, has_buffers, long_string(MIB, 'x')), 1);
    long_check_echo(pool, long_string(MIB, 'x'));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, has_buffers, long_string(MIB, 'x')), 3);
    procspawn_pool_free(pool);
}

static unsigned count_memfds(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 256; fd++) {
        char path[32], target[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        count += readlink(path, target, sizeof target - 1) > 0 && strstr(target, "memfd:") != NULL;
    }
    return count;
}

static void a_worker_with_buffers_takes_one_descriptor_more(void)
{
    unsigned before = count_memfds();
    procspawn_pool *pool = long_warm_pool(1);

    for (int i = 0; i < 20; i++) {
        long_check_echo(pool, make_bytes(MIB - (size_t)i));
        CU_ASSERT_EQUAL(count_memfds(), before + 1);
    }
    procspawn_pool_free(pool);
    CU_ASSERT_EQUAL(count_memfds(), before);
}

/* More calls than workers: some are leased a worker, the rest waits. */
static void calls_that_wait_arrive_as_well(void)
{
    enum { CALLS = 12 };
    procspawn_pool *pool = long_warm_pool(2);
    procspawn_handle *handles[CALLS];

    for (size_t i = 0; i < CALLS; i++)
        handles[i] = pool_start(pool, calls_echo, make_bytes(MIB + i));
    for (size_t i = 0; i < CALLS; i++) {
        json_t *expected = make_bytes(MIB + i), *result = calls_result(handles[i]);
        CU_ASSERT(json_equal(result, expected));
        json_decref(result);
        json_decref(expected);
    }
    procspawn_pool_free(pool);
}

static void results_last_while_the_worker_goes_on(void)
{
    procspawn_pool *pool = long_warm_pool(1);
    procspawn_handle *first = pool_start(pool, calls_echo, long_string(MIB, 'a'));

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(pool), 0);
    long_check_echo(pool, long_string(MIB, 'b'));
    json_t *result = calls_result(first);
    json_t *expected = long_string(MIB, 'a');
    CU_ASSERT(json_equal(result, expected));
    json_decref(result);
    json_decref(expected);
    procspawn_pool_free(pool);
}

/* The worker never began it. */
static void a_call_in_the_buffer_of_a_dead_worker_is_made_by_another(void)
{
    procspawn_pool *pool = long_warm_pool(1);
    pid_t pid = (pid_t)pool_number(pool, calls_pid, NULL);

    calls_stop(pid);
    procspawn_handle *handle = pool_start(pool, calls_echo, long_string(MIB, 'c'));
    kill(pid, SIGKILL);
    json_t *result = calls_result(handle);
    json_t *expected = long_string(MIB, 'c');
    CU_ASSERT(json_equal(result, expected));
    json_decref(result);
    json_decref(expected);
    CU_ASSERT(pool_number(pool, calls_pid, NULL) != pid);
    long_check_echo(pool, make_bytes(MIB));
    procspawn_pool_free(pool);
}

static void fresh_workers_have_no_buffers(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_fresh(builder);
    procspawn_pool *pool = pool_build(builder);
    for (int i = 0; i < 3; i++)
        long_check_echo(pool, make_bytes(MIB));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, has_buffers, long_string(MIB, 'x')), 0);
    procspawn_pool_free(pool);
}

static void sandboxed_workers_have_buffers(void)
{
    if (procspawn_sandbox_missing(PROCSPAWN_SANDBOX_COMPUTE))
        return;
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_builder_sandbox(procspawn_pool_builder_process(builder), PROCSPAWN_SANDBOX_COMPUTE);
    procspawn_pool *pool = pool_build(builder);
    for (int i = 0; i < 3; i++)
        long_check_echo(pool, make_bytes(MIB));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, has_buffers, long_string(MIB, 'x')), 3);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo travel_tests[] = {
    TEST(values_of_all_lengths_arrive_in_any_order),
    TEST(a_worker_has_buffers_after_its_first_long_call),
    TEST(a_worker_with_buffers_takes_one_descriptor_more),
    TEST(calls_that_wait_arrive_as_well),
    TEST(results_last_while_the_worker_goes_on),
    TEST(a_call_in_the_buffer_of_a_dead_worker_is_made_by_another),
    TEST(fresh_workers_have_no_buffers),
    TEST(sandboxed_workers_have_buffers),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("travel", travel_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
