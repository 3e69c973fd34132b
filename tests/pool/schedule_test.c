/*
 * schedule_test.c - the scheduler of a pool: which call goes to which worker, and when it fails
 */
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "src/pool/job.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/pool/worker_report.h"
#include "tests/support/bare_pool.h"

#include <forkscope/cunit.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdlib.h>

/* Also frees the call. */
static void check_result(struct procspawn__pool_call *call)
{
    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_ENDED);
    CU_ASSERT_EQUAL(call->handle.outcome.state, PROCSPAWN__RESULT);
    procspawn_handle_free(&call->handle);
}

static bool is_killed(const struct procspawn__worker *worker)
{
    return worker->state == PROCSPAWN__WORKER_ENDING && worker->killed &&
           !list_empty(&worker->in_notices);
}

/* ---- who gets which call ---- */

static void a_call_goes_to_the_worker_that_became_idle_last(void)
{
    procspawn_pool *pool = bare_pool_new(2, 2);
    struct procspawn__worker *first = bare_worker(pool), *last = bare_worker(pool);

    struct procspawn__pool_call *call = bare_enqueue(pool);
    CU_ASSERT_PTR_EQUAL(call->worker, last);
    CU_ASSERT_PTR_EQUAL(last->call, call);
    CU_ASSERT_EQUAL(first->state, PROCSPAWN__WORKER_IDLE);
    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_RUNNING);
    CU_ASSERT_EQUAL(pool->active, 1);
    bare_answer(last);
    CU_ASSERT_EQUAL(pool->active, 0);
    check_result(call);
    bare_pool_free(pool);
}

static void calls_wait_in_order_for_a_worker(void)
{
    enum { CALLS = 4 };
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker_starting(pool);
    struct procspawn__pool_call *calls[CALLS];

    for (int i = 0; i < CALLS; i++)
        calls[i] = bare_enqueue(pool);
    CU_ASSERT_EQUAL(pool->queued, CALLS);
    bare_answer(worker);
    for (int i = 0; i < CALLS; i++) {
        CU_ASSERT_PTR_EQUAL(worker->call, calls[i]);
        CU_ASSERT_EQUAL(pool->queued, CALLS - 1u - (unsigned)i);
        bare_answer(worker);
    }
    CU_ASSERT_PTR_NULL(worker->call);
    CU_ASSERT(procspawn__pool_is_idle(pool));
    for (int i = 0; i < CALLS; i++)
        check_result(calls[i]);
    bare_pool_free(pool);
}

static void the_pool_grows_with_its_queue_up_to_the_maximum(void)
{
    enum { CALLS = 5 };
    static const unsigned wanted[CALLS] = { 1, 2, 3, 3, 3 };
    procspawn_pool *pool = bare_pool_new(0, 3);
    struct procspawn__pool_call *calls[CALLS];

    CU_ASSERT_EQUAL(pool->wanted, 0);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = bare_enqueue(pool);
        CU_ASSERT_EQUAL(pool->wanted, wanted[i]);
    }
    procspawn__pool_cancel_queued(pool, PROCSPAWN_ERROR_CANCELLED, "over");
    CU_ASSERT_EQUAL(pool->queued, 0);
    for (int i = 0; i < CALLS; i++)
        bare_check_error(calls[i], PROCSPAWN_ERROR_CANCELLED);
    bare_pool_free(pool);
}

static void a_call_passes_by_a_worker_that_is_dead(void)
{
    procspawn_pool *pool = bare_pool_new(2, 2);
    struct procspawn__worker *lives = bare_worker(pool), *dead = bare_worker(pool);

    bare_worker_dies(dead);
    struct procspawn__pool_call *call = bare_enqueue(pool);
    CU_ASSERT(is_killed(dead));
    CU_ASSERT_PTR_EQUAL(call->worker, lives);
    bare_answer(lives);
    check_result(call);
    bare_pool_free(pool);
}

static void a_call_that_cannot_be_sent_fails_alone(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = bare_call(pool);

    call->request->request.cwd = 1 << 20;       /* no descriptor */
    procspawn__pool_enqueue(call, false);
    bare_check_error(call, PROCSPAWN_ERROR_IO);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_IDLE);
    bare_pool_free(pool);
}

/* ---- ends of workers ---- */

static void a_call_that_was_not_read_is_the_next_one_of_another_worker(void)
{
    procspawn_pool *pool = bare_pool_new(1, 2);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *unread = bare_enqueue(pool), *later = bare_enqueue(pool);

    bare_act(worker, bare_death(true, false));
    CU_ASSERT_EQUAL(pool->worker_count, 0);
    CU_ASSERT_EQUAL(unread->state, PROCSPAWN__CALL_QUEUED);
    CU_ASSERT_PTR_NULL(unread->worker);
    struct procspawn__worker *next = bare_worker_starting(pool);
    bare_answer(next);
    CU_ASSERT_PTR_EQUAL(next->call, unread);
    bare_answer(next);
    bare_answer(next);
    check_result(unread);
    check_result(later);
    bare_pool_free(pool);
}

static void a_call_that_was_read_fails_with_its_worker(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = bare_enqueue(pool);

    bare_act(worker, bare_death(false, false));
    CU_ASSERT_EQUAL(pool->active, 0);
    bare_check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
    bare_pool_free(pool);
}

static void a_call_whose_worker_the_pool_ends_is_not_sent_again(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = bare_enqueue(pool);

    procspawn__worker_step(worker, PROCSPAWN__EV_END);
    bare_act(worker, bare_death(true, false));
    bare_check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
    bare_pool_free(pool);
}

static void a_call_whose_request_is_gone_is_not_sent_again(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = bare_enqueue(pool);

    procspawn__pool_call_drop_request(call);
    bare_act(worker, bare_death(true, false));
    bare_check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
    bare_pool_free(pool);
}

static void the_end_of_a_channel_has_its_cause(void)
{
    static const struct {
        enum procspawn__incoming_kind kind;
        bool server_lost;
        enum procspawn_error_kind error;
    } cases[] = {
        { PROCSPAWN__INCOMING_END, false, PROCSPAWN_ERROR_REMOTE_CLOSE },
        { PROCSPAWN__INCOMING_END, true, PROCSPAWN_ERROR_SERVER_LOST },
        { PROCSPAWN__INCOMING_CLOSED, false, PROCSPAWN_ERROR_IO },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        procspawn_pool *pool = bare_pool_new(1, 1);
        struct procspawn__worker *worker = bare_worker(pool);
        struct procspawn__pool_call *call = bare_enqueue(pool);
        struct procspawn__worker_message message = bare_message(cases[i].kind);
        message.server_lost = cases[i].server_lost;
        bare_act(worker, message);
        CU_ASSERT_FALSE(list_empty(&pool->lost));
        bare_check_error(call, cases[i].error);
        bare_pool_free(pool);
    }
}

static void a_broken_worker_is_killed_and_loses_its_call(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = bare_enqueue(pool);

    bare_act(worker, bare_message(PROCSPAWN__INCOMING_BROKEN));
    CU_ASSERT(is_killed(worker));
    bare_check_error(call, PROCSPAWN_ERROR_IO);
    bare_pool_free(pool);
}

static void a_worn_worker_is_killed_and_gets_no_call(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);

    pool->config.recycle_calls = 1;
    struct procspawn__pool_call *first = bare_enqueue(pool), *second = bare_enqueue(pool);
    bare_answer(worker);
    CU_ASSERT(is_killed(worker));
    check_result(first);
    CU_ASSERT_EQUAL(second->state, PROCSPAWN__CALL_QUEUED);
    procspawn__pool_cancel_queued(pool, PROCSPAWN_ERROR_CANCELLED, "over");
    bare_check_error(second, PROCSPAWN_ERROR_CANCELLED);
    bare_pool_free(pool);
}

static void a_refused_call_goes_to_as_many_workers_as_the_pool_may_have(void)
{
    enum { WORKERS = 2 };
    procspawn_pool *pool = bare_pool_new(WORKERS, WORKERS);
    struct procspawn__pool_call *call = bare_enqueue(pool);

    for (int i = 0; i <= WORKERS; i++) {
        CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_QUEUED);
        CU_ASSERT_EQUAL(call->refusals, (unsigned)i);
        struct procspawn__worker *worker = bare_worker_starting(pool);
        worker->ended_calls = 1;
        bare_answer(worker);
        CU_ASSERT_PTR_EQUAL(worker->call, call);
        bare_act(worker, bare_failure(worker, false, PROCSPAWN_ERROR_SETUP));
        CU_ASSERT(is_killed(worker));
        bare_act(worker, bare_death(false, false));
    }
    bare_check_error(call, PROCSPAWN_ERROR_SETUP);
    bare_pool_free(pool);
}

static void a_backtrace_belongs_to_the_failure_behind_it(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = bare_enqueue(pool);
    struct procspawn__worker_message traced = bare_message(PROCSPAWN__INCOMING_BACKTRACE);

    traced.outcome.trace = calloc(1, sizeof *traced.outcome.trace);
    bare_act(worker, traced);
    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_RUNNING);
    bare_act(worker, bare_failure(worker, true, PROCSPAWN_ERROR_PANIC));
    CU_ASSERT(call->handle.outcome.error && call->handle.outcome.error->trace);
    bare_check_error(call, PROCSPAWN_ERROR_PANIC);
    bare_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo queue_tests[] = {
    TEST(a_call_goes_to_the_worker_that_became_idle_last),
    TEST(calls_wait_in_order_for_a_worker),
    TEST(the_pool_grows_with_its_queue_up_to_the_maximum),
    TEST(a_call_passes_by_a_worker_that_is_dead),
    TEST(a_call_that_cannot_be_sent_fails_alone),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo end_tests[] = {
    TEST(a_call_that_was_not_read_is_the_next_one_of_another_worker),
    TEST(a_call_that_was_read_fails_with_its_worker),
    TEST(a_call_whose_worker_the_pool_ends_is_not_sent_again),
    TEST(a_call_whose_request_is_gone_is_not_sent_again),
    TEST(the_end_of_a_channel_has_its_cause),
    TEST(a_broken_worker_is_killed_and_loses_its_call),
    TEST(a_worn_worker_is_killed_and_gets_no_call),
    TEST(a_refused_call_goes_to_as_many_workers_as_the_pool_may_have),
    TEST(a_backtrace_belongs_to_the_failure_behind_it),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "queue", .pTests = queue_tests },
    { .pName = "ends", .pTests = end_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
