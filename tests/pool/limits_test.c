/*
 * limits_test.c - the time limits of the calls of a pool
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/call.h>
#include <poll.h>

static procspawn_pool *limited(unsigned size, int64_t run, int64_t total)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(size);
    procspawn_builder *process = procspawn_pool_builder_process(builder);
    procspawn_pool *pool = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_run_limit(process, run), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_total_limit(process, total), 0);
    CU_ASSERT_FATAL(procspawn_pool_builder_build(builder, &pool) == 0);
    procspawn_pool_builder_free(builder);
    return pool;
}

static procspawn_handle *start_within(procspawn_pool *pool, int64_t run, int64_t total,
                                      procspawn_function *function)
{
    const struct procspawn_call_options options = {
        .pool = pool, .run_limit = run, .total_limit = total,
    };
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&options, function, NULL, &handle), 0);
    return handle;
}

static void check_timed_out(procspawn_handle *handle, enum procspawn_cause cause)
{
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_TIMED_OUT, cause);
}

static json_t *take_100_ms(json_t *argument)
{
    poll(NULL, 0, 100);
    return json_incref(argument);
}

/* Six calls of one worker take longer than the limit of each. */
static void the_wait_in_the_queue_is_no_part_of_the_run(void)
{
    enum { CALLS = 6, SLOW = 2 };
    procspawn_pool *pool = limited(1, 400 * CALLS_MS, 0);
    procspawn_handle *handles[CALLS];

    for (int i = 0; i < CALLS; i++)
        handles[i] = pool_start(pool, i == SLOW ? calls_hang : take_100_ms, json_integer(i));
    for (int i = 0; i < CALLS; i++) {
        if (i == SLOW)
            check_timed_out(handles[i], PROCSPAWN_CAUSE_TIME_LIMIT);
        else
            PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[i]), i);
    }
    procspawn_pool_free(pool);
}

static void but_it_is_part_of_the_total_and_such_a_call_is_never_started(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *busy = pool_start(pool, calls_hang, NULL);

    pool_await_start(busy);
    procspawn_handle *late = start_within(pool, 0, 50 * CALLS_MS, calls_echo);
    check_timed_out(late, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(busy), 0);
    procspawn_error_free(calls_error(busy));
    procspawn_pool_free(pool);
}

static void the_first_of_both_ends_the_call(void)
{
    procspawn_pool *pool = pool_make(1);
    int64_t start = calls_now();

    check_timed_out(start_within(pool, 100 * CALLS_MS, 20 * CALLS_SECOND, calls_hang),
                    PROCSPAWN_CAUSE_TIME_LIMIT);
    check_timed_out(start_within(pool, 20 * CALLS_SECOND, 200 * CALLS_MS, calls_hang),
                    PROCSPAWN_CAUSE_TIME_LIMIT);
    CU_ASSERT(calls_now() - start < 10 * CALLS_SECOND);
    procspawn_pool_free(pool);
}

static void limits_of_one_call_go_before_those_of_the_pool(void)
{
    procspawn_pool *pool = limited(1, 100 * CALLS_MS, 0);
    procspawn_handle *handle = start_within(pool, 20 * CALLS_SECOND, 0, calls_hang);

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 500 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    procspawn_error_free(calls_error(handle));
    check_timed_out(pool_start(pool, calls_hang, NULL), PROCSPAWN_CAUSE_TIME_LIMIT);
    procspawn_pool_free(pool);
}

static void a_run_that_nobody_joins_is_ended_and_its_worker_replaced(void)
{
    procspawn_pool *pool = limited(1, 100 * CALLS_MS, 0);

    procspawn_handle_free(pool_start(pool, calls_hang, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, 20 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(pool_start(pool, calls_echo, json_integer(1))), 1);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_wait_in_the_queue_is_no_part_of_the_run),
    TEST(but_it_is_part_of_the_total_and_such_a_call_is_never_started),
    TEST(the_first_of_both_ends_the_call),
    TEST(limits_of_one_call_go_before_those_of_the_pool),
    TEST(a_run_that_nobody_joins_is_ended_and_its_worker_replaced),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { CALLS_SUITE("pool_limits", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
