/*
 * job_test.c - the states of a call of a pool, and of the pool
 */
#include "src/call/request.h"
#include "src/pool/handle.h"
#include "src/pool/job.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "tests/support/bare_pool.h"

#include <forkscope/cunit.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>

static void a_call_changes_its_state_by_its_events_only(void)
{
    static const struct {
        enum procspawn__call_state from;
        bool can_be_sent, can_return;
    } cases[] = {
        { PROCSPAWN__CALL_QUEUED, true, false },
        { PROCSPAWN__CALL_RUNNING, false, true },
        { PROCSPAWN__CALL_ENDED, false, false },
    };
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call =
        procspawn__pool_call_new(pool, &procspawn__pool_call_kind);

    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_QUEUED);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        call->state = cases[i].from;
        CU_ASSERT_EQUAL(procspawn__pool_call_sent(call, worker), cases[i].can_be_sent);
        CU_ASSERT_PTR_EQUAL(call->worker, cases[i].can_be_sent ? worker : NULL);
        call->worker = NULL;
        call->state = cases[i].from;
        CU_ASSERT_EQUAL(procspawn__pool_call_returned(call), cases[i].can_return);
        CU_ASSERT_EQUAL(call->state, cases[i].can_return ? PROCSPAWN__CALL_QUEUED : cases[i].from);
    }
    procspawn__pool_call_free(call);
    bare_pool_free(pool);
}

static void a_call_ends_once(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__pool_call *call =
        procspawn__pool_call_new(pool, &procspawn__pool_call_kind);

    pool->calls = 1;
    CU_ASSERT_FALSE(procspawn__pool_call_has_ended(call));
    procspawn__pool_call_end(call);
    CU_ASSERT(procspawn__pool_call_has_ended(call));
    CU_ASSERT(procspawn__pool_is_idle(pool));
    CU_ASSERT_EQUAL(pool->idle_epoch, 1);
    CU_ASSERT_PTR_NULL(call->request);
    procspawn_handle_free(&call->handle);
    bare_pool_free(pool);
}

static void an_ended_pool_stays_so(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);

    CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_OPEN);
    for (int i = 0; i < 2; i++) {
        procspawn__pool_step(pool, PROCSPAWN__POOL_SHUT_DOWN);
        CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_CLOSING);
    }
    procspawn__pool_step(pool, PROCSPAWN__POOL_END);
    CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_ENDED);
    procspawn__pool_step(pool, PROCSPAWN__POOL_SHUT_DOWN);
    procspawn__pool_step(pool, PROCSPAWN__POOL_END);
    CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_ENDED);
    bare_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_call_changes_its_state_by_its_events_only),
    TEST(a_call_ends_once),
    TEST(an_ended_pool_stays_so),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "jobs", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
