/*
 * schedule_test.c - the scheduler of a pool: which call goes to which worker, and when it fails
 */
#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/call/request.h"
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "src/pool/handle.h"
#include "src/pool/job.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/pool/worker_report.h"
#include "tests/support/bare_pool.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdlib.h>

static struct procspawn__pool_call *new_call(procspawn_pool *pool)
{
    struct procspawn__pool_call *call =
        procspawn__pool_call_new(pool, &procspawn__pool_call_kind);

    CU_ASSERT_FATAL(call != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn__request_seal(&call->request->request), 0);
    return call;
}

static struct procspawn__pool_call *enqueue(procspawn_pool *pool)
{
    struct procspawn__pool_call *call = new_call(pool);

    procspawn__pool_enqueue(call);
    return call;
}

static void act(struct procspawn__worker *worker, struct procspawn__worker_message message)
{
    procspawn__schedule_act(worker, &message);
    procspawn__outcome_fini(&message.outcome);
}

static void answer(struct procspawn__worker *worker)
{
    act(worker, bare_result(worker));
}

/* Also frees the call. */
static void check_result(struct procspawn__pool_call *call)
{
    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_ENDED);
    CU_ASSERT_EQUAL(call->handle.outcome.state, PROCSPAWN__RESULT);
    procspawn_handle_free(&call->handle);
}

static void check_error(struct procspawn__pool_call *call, enum procspawn_error_kind kind)
{
    const procspawn_error *error = call->handle.outcome.error;

    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_ENDED);
    CU_ASSERT_EQUAL(call->handle.outcome.state, PROCSPAWN__FAILED);
    CU_ASSERT(error && procspawn_error_kind(error) == kind);
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

    struct procspawn__pool_call *call = enqueue(pool);
    CU_ASSERT_PTR_EQUAL(call->worker, last);
    CU_ASSERT_PTR_EQUAL(last->call, call);
    CU_ASSERT_EQUAL(first->state, PROCSPAWN__WORKER_IDLE);
    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_RUNNING);
    CU_ASSERT_EQUAL(pool->active, 1);
    answer(last);
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
        calls[i] = enqueue(pool);
    CU_ASSERT_EQUAL(pool->queued, CALLS);
    answer(worker);
    for (int i = 0; i < CALLS; i++) {
        CU_ASSERT_PTR_EQUAL(worker->call, calls[i]);
        CU_ASSERT_EQUAL(pool->queued, CALLS - 1u - (unsigned)i);
        answer(worker);
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
        calls[i] = enqueue(pool);
        CU_ASSERT_EQUAL(pool->wanted, wanted[i]);
    }
    procspawn__pool_cancel_queued(pool, PROCSPAWN_ERROR_CANCELLED, "over");
    CU_ASSERT_EQUAL(pool->queued, 0);
    for (int i = 0; i < CALLS; i++)
        check_error(calls[i], PROCSPAWN_ERROR_CANCELLED);
    bare_pool_free(pool);
}

static void a_call_passes_by_a_worker_that_is_dead(void)
{
    procspawn_pool *pool = bare_pool_new(2, 2);
    struct procspawn__worker *lives = bare_worker(pool), *dead = bare_worker(pool);

    bare_worker_dies(dead);
    struct procspawn__pool_call *call = enqueue(pool);
    CU_ASSERT(is_killed(dead));
    CU_ASSERT_PTR_EQUAL(call->worker, lives);
    answer(lives);
    check_result(call);
    bare_pool_free(pool);
}

static void a_call_that_cannot_be_sent_fails_alone(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = new_call(pool);

    call->request->request.cwd = 1 << 20;       /* no descriptor */
    procspawn__pool_enqueue(call);
    check_error(call, PROCSPAWN_ERROR_IO);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_IDLE);
    bare_pool_free(pool);
}

/* ---- ends of workers ---- */

static void a_call_that_was_not_read_is_the_next_one_of_another_worker(void)
{
    procspawn_pool *pool = bare_pool_new(1, 2);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *unread = enqueue(pool), *later = enqueue(pool);

    act(worker, bare_death(true, false));
    CU_ASSERT_EQUAL(pool->worker_count, 0);
    CU_ASSERT_EQUAL(unread->state, PROCSPAWN__CALL_QUEUED);
    CU_ASSERT_PTR_NULL(unread->worker);
    struct procspawn__worker *next = bare_worker_starting(pool);
    answer(next);
    CU_ASSERT_PTR_EQUAL(next->call, unread);
    answer(next);
    answer(next);
    check_result(unread);
    check_result(later);
    bare_pool_free(pool);
}

static void a_call_that_was_read_fails_with_its_worker(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = enqueue(pool);

    act(worker, bare_death(false, false));
    CU_ASSERT_EQUAL(pool->active, 0);
    check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
    bare_pool_free(pool);
}

static void a_call_whose_worker_the_pool_ends_is_not_sent_again(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = enqueue(pool);

    procspawn__worker_step(worker, PROCSPAWN__EV_END);
    act(worker, bare_death(true, false));
    check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
    bare_pool_free(pool);
}

static void a_call_whose_request_is_gone_is_not_sent_again(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = enqueue(pool);

    procspawn__pool_call_drop_request(call);
    act(worker, bare_death(true, false));
    check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
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
        struct procspawn__pool_call *call = enqueue(pool);
        struct procspawn__worker_message message = bare_message(cases[i].kind);
        message.server_lost = cases[i].server_lost;
        act(worker, message);
        CU_ASSERT_FALSE(list_empty(&pool->lost));
        check_error(call, cases[i].error);
        bare_pool_free(pool);
    }
}

static void a_broken_worker_is_killed_and_loses_its_call(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = enqueue(pool);

    act(worker, bare_message(PROCSPAWN__INCOMING_BROKEN));
    CU_ASSERT(is_killed(worker));
    check_error(call, PROCSPAWN_ERROR_IO);
    bare_pool_free(pool);
}

static void a_worn_worker_is_killed_and_gets_no_call(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);

    pool->config.recycle_calls = 1;
    struct procspawn__pool_call *first = enqueue(pool), *second = enqueue(pool);
    answer(worker);
    CU_ASSERT(is_killed(worker));
    check_result(first);
    CU_ASSERT_EQUAL(second->state, PROCSPAWN__CALL_QUEUED);
    procspawn__pool_cancel_queued(pool, PROCSPAWN_ERROR_CANCELLED, "over");
    check_error(second, PROCSPAWN_ERROR_CANCELLED);
    bare_pool_free(pool);
}

static void a_refused_call_goes_to_as_many_workers_as_the_pool_may_have(void)
{
    enum { WORKERS = 2 };
    procspawn_pool *pool = bare_pool_new(WORKERS, WORKERS);
    struct procspawn__pool_call *call = enqueue(pool);

    for (int i = 0; i <= WORKERS; i++) {
        CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_QUEUED);
        CU_ASSERT_EQUAL(call->refusals, (unsigned)i);
        struct procspawn__worker *worker = bare_worker_starting(pool);
        worker->ended_calls = 1;
        answer(worker);
        CU_ASSERT_PTR_EQUAL(worker->call, call);
        act(worker, bare_failure(worker, false, PROCSPAWN_ERROR_SETUP));
        CU_ASSERT(is_killed(worker));
        act(worker, bare_death(false, false));
    }
    check_error(call, PROCSPAWN_ERROR_SETUP);
    bare_pool_free(pool);
}

static void a_backtrace_belongs_to_the_failure_behind_it(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);
    struct procspawn__pool_call *call = enqueue(pool);
    struct procspawn__worker_message traced = bare_message(PROCSPAWN__INCOMING_BACKTRACE);

    traced.outcome.trace = calloc(1, sizeof *traced.outcome.trace);
    act(worker, traced);
    CU_ASSERT_EQUAL(call->state, PROCSPAWN__CALL_RUNNING);
    act(worker, bare_failure(worker, true, PROCSPAWN_ERROR_PANIC));
    CU_ASSERT(call->handle.outcome.error && call->handle.outcome.error->trace);
    check_error(call, PROCSPAWN_ERROR_PANIC);
    bare_pool_free(pool);
}

/* ---- failed starts ---- */

static procspawn_error *no_start(void)
{
    return procspawn__error_new(PROCSPAWN_ERROR_SETUP, EPERM, "no start");
}

static void a_pool_without_workers_fails_after_its_attempts(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__pool_call *call = enqueue(pool);

    for (unsigned i = 0; i < pool->config.attempts; i++) {
        CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_OPEN);
        pool->backoff.retry_at = base__now();
        procspawn__start_failed(pool, no_start(), false);
    }
    CU_ASSERT_EQUAL(pool->state, PROCSPAWN__POOL_ENDED);
    CU_ASSERT(pool->failed && pool->cause);
    check_error(call, PROCSPAWN_ERROR_SETUP);
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

    act(bare_worker_starting(pool), bare_death(false, false));
    CU_ASSERT_EQUAL(pool->backoff.failures, 1);
    pool->backoff.retry_at = 0;
    act(bare_worker_starting(pool), bare_death(true, false));
    CU_ASSERT_EQUAL(pool->backoff.unread, 1);
    CU_ASSERT_EQUAL(pool->backoff.failures, 1);
    answer(bare_worker_starting(pool));
    CU_ASSERT_EQUAL(pool->backoff.unread, 0);
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

static CU_TestInfo start_tests[] = {
    TEST(a_pool_without_workers_fails_after_its_attempts),
    TEST(a_final_failure_needs_one_attempt),
    TEST(a_pool_with_a_worker_survives_failed_starts),
    TEST(a_worker_that_dies_before_its_first_answer_is_a_failed_start),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "queue", .pTests = queue_tests },
    { .pName = "ends", .pTests = end_tests },
    { .pName = "starts", .pTests = start_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
