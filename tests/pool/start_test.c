/*
 * start_test.c - failed starts of workers, and what the pool makes of them
 */
#include "src/base/clock.h"
#include "src/error/error.h"
#include "src/pool/job.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "tests/support/bare_pool.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <stdbool.h>

static procspawn_error *no_start(void)
{
    return procspawn__error_new(PROCSPAWN_ERROR_SETUP, EPERM, "no start");
}

static void a_pool_without_workers_fails_after_its_attempts(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__pool_call *call = bare_enqueue(pool);

    for (unsigned i = 0; i < pool->config.attempts; i++) {
        CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_OPEN);
        pool->backoff.retry_at = base__now();
        procspawn__start_failed(pool, no_start(), false);
    }
    CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_ENDED);
    CU_ASSERT(pool->failed && pool->cause);
    bare_check_error(call, PROCSPAWN_ERROR_SETUP);
    bare_pool_free(pool);
}

static void a_final_failure_needs_one_attempt(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);

    procspawn__start_failed(pool, no_start(), true);
    CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_ENDED);
    CU_ASSERT(pool->failed && pool->cause);
    bare_pool_free(pool);
}

static void a_pool_with_a_worker_survives_failed_starts(void)
{
    procspawn_pool *pool = bare_pool_new(2, 2);

    bare_worker(pool);
    procspawn__start_failed(pool, no_start(), true);
    CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_OPEN);
    CU_ASSERT_FALSE(pool->failed);
    bare_pool_free(pool);
}

static void a_worker_that_dies_before_its_first_answer_is_a_failed_start(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);

    bare_act(bare_worker_starting(pool), bare_death(false, false));
    CU_ASSERT_EQUAL(pool->backoff.failures, 1);
    pool->backoff.retry_at = 0;
    bare_act(bare_worker_starting(pool), bare_death(true, false));
    CU_ASSERT_EQUAL(pool->backoff.unread, 1);
    CU_ASSERT_EQUAL(pool->backoff.failures, 1);
    bare_answer(bare_worker_starting(pool));
    CU_ASSERT_EQUAL(pool->backoff.unread, 0);
    bare_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_pool_without_workers_fails_after_its_attempts),
    TEST(a_final_failure_needs_one_attempt),
    TEST(a_pool_with_a_worker_survives_failed_starts),
    TEST(a_worker_that_dies_before_its_first_answer_is_a_failed_start),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "starts", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
