/*
 * worker_test.c - the states of a pool's workers, and what their messages mean
 */
#include "src/base/list.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/pool/worker_report.h"
#include "tests/support/bare_pool.h"

#include <forkscope/cunit.h>
#include <stdbool.h>

/* ---- the table ---- */

static const struct {
    enum procspawn__worker_state from;
    enum procspawn__worker_event event;
    enum procspawn__worker_state to;
} legal[] = {
    { PROCSPAWN__WORKER_STARTING, PROCSPAWN__EV_READY, PROCSPAWN__WORKER_IDLE },
    { PROCSPAWN__WORKER_STARTING, PROCSPAWN__EV_END, PROCSPAWN__WORKER_ENDING },
    { PROCSPAWN__WORKER_STARTING, PROCSPAWN__EV_LOST, PROCSPAWN__WORKER_LOST },
    { PROCSPAWN__WORKER_STARTING, PROCSPAWN__EV_DEATH, PROCSPAWN__WORKER_GONE },
    { PROCSPAWN__WORKER_IDLE, PROCSPAWN__EV_CALL, PROCSPAWN__WORKER_RUNNING },
    { PROCSPAWN__WORKER_IDLE, PROCSPAWN__EV_END, PROCSPAWN__WORKER_ENDING },
    { PROCSPAWN__WORKER_IDLE, PROCSPAWN__EV_LOST, PROCSPAWN__WORKER_LOST },
    { PROCSPAWN__WORKER_IDLE, PROCSPAWN__EV_DEATH, PROCSPAWN__WORKER_GONE },
    { PROCSPAWN__WORKER_RUNNING, PROCSPAWN__EV_ANSWER, PROCSPAWN__WORKER_IDLE },
    { PROCSPAWN__WORKER_RUNNING, PROCSPAWN__EV_END, PROCSPAWN__WORKER_ENDING },
    { PROCSPAWN__WORKER_RUNNING, PROCSPAWN__EV_LOST, PROCSPAWN__WORKER_LOST },
    { PROCSPAWN__WORKER_RUNNING, PROCSPAWN__EV_DEATH, PROCSPAWN__WORKER_GONE },
    { PROCSPAWN__WORKER_ENDING, PROCSPAWN__EV_ANSWER, PROCSPAWN__WORKER_ENDING },
    { PROCSPAWN__WORKER_ENDING, PROCSPAWN__EV_END, PROCSPAWN__WORKER_ENDING },
    { PROCSPAWN__WORKER_ENDING, PROCSPAWN__EV_LOST, PROCSPAWN__WORKER_LOST },
    { PROCSPAWN__WORKER_ENDING, PROCSPAWN__EV_DEATH, PROCSPAWN__WORKER_GONE },
    { PROCSPAWN__WORKER_LOST, PROCSPAWN__EV_DEATH, PROCSPAWN__WORKER_GONE },
};

static enum procspawn__worker_state expected(enum procspawn__worker_state from,
                                             enum procspawn__worker_event event)
{
    for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++) {
        if (legal[i].from == from && legal[i].event == event)
            return legal[i].to;
    }
    return PROCSPAWN__WORKER_BUG;
}

static void each_state_has_its_events_and_refuses_all_others(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker_starting(pool);

    for (int from = PROCSPAWN__WORKER_STARTING; from < PROCSPAWN__WORKER_STATES; from++) {
        for (int event = 0; event < PROCSPAWN__WORKER_EVENTS; event++) {
            enum procspawn__worker_state to = expected(from, event);
            worker->state = from;
            CU_ASSERT_EQUAL(procspawn__worker_step(worker, event), to != PROCSPAWN__WORKER_BUG);
            CU_ASSERT_EQUAL((int)worker->state, to != PROCSPAWN__WORKER_BUG ? (int)to : from);
        }
    }
    worker->state = PROCSPAWN__WORKER_STARTING;
    bare_pool_free(pool);
}

static void the_worker_that_became_idle_last_is_first(void)
{
    procspawn_pool *pool = bare_pool_new(2, 2);
    struct procspawn__worker *first = bare_worker(pool), *second = bare_worker(pool);

    CU_ASSERT_PTR_EQUAL(pool->idle.next, &second->in_idle);
    CU_ASSERT_PTR_EQUAL(pool->idle.prev, &first->in_idle);
    procspawn__worker_step(second, PROCSPAWN__EV_CALL);
    CU_ASSERT_PTR_EQUAL(pool->idle.next, &first->in_idle);
    CU_ASSERT(list_empty(&second->in_idle));
    procspawn__worker_step(first, PROCSPAWN__EV_END);
    CU_ASSERT(list_empty(&pool->idle));
    bare_pool_free(pool);
}

static void a_lost_worker_is_kept_until_it_is_gone(void)
{
    procspawn_pool *pool = bare_pool_new(2, 2);
    struct procspawn__worker *lost = bare_worker(pool), *gone = bare_worker(pool);

    procspawn__worker_step(lost, PROCSPAWN__EV_LOST);
    procspawn__worker_remove(lost);
    procspawn__worker_step(gone, PROCSPAWN__EV_DEATH);
    procspawn__worker_remove(gone);
    CU_ASSERT_EQUAL(pool->worker_count, 0);
    CU_ASSERT_FALSE(procspawn__pool_has_no_workers(pool, 0));
    CU_ASSERT_EQUAL(pool->ask_at < INT64_MAX, true);
    procspawn__worker_note_gone(lost);
    CU_ASSERT(procspawn__pool_has_no_workers(pool, 0));
    bare_pool_free(pool);
}

/* ---- reports ---- */

static struct procspawn__worker_report report(struct procspawn__worker *worker,
                                              struct procspawn__worker_message message)
{
    struct procspawn__worker_report result = procspawn__worker_report(worker, &message);

    procspawn__outcome_fini(&message.outcome);
    return result;
}

/* A call that is only pointed at. */
static void run_call(struct procspawn__worker *worker)
{
    static struct procspawn__pool_call call;

    CU_ASSERT(procspawn__worker_step(worker, PROCSPAWN__EV_CALL));
    worker->generation++;
    worker->call = &call;
}

static void a_worker_is_ready_once(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker_starting(pool);

    CU_ASSERT_EQUAL(report(worker, bare_result(worker)).what, PROCSPAWN__WORKER_READY);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_IDLE);
    CU_ASSERT_EQUAL(report(worker, bare_result(worker)).what, PROCSPAWN__WORKER_SILENT);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_IDLE);
    bare_pool_free(pool);
}

static void a_worker_that_cannot_be_prepared_is_unready(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker_starting(pool);

    CU_ASSERT_EQUAL(report(worker, bare_failure(worker, false, PROCSPAWN_ERROR_SETUP)).what,
                    PROCSPAWN__WORKER_UNREADY);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_STARTING);
    bare_pool_free(pool);
}

static void an_answer_makes_the_worker_idle(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);

    for (int i = 0; i < 2; i++) {
        run_call(worker);
        struct procspawn__worker_report answer =
            report(worker, i == 0 ? bare_result(worker)
                                  : bare_failure(worker, true, PROCSPAWN_ERROR_PANIC));
        CU_ASSERT_EQUAL(answer.what, PROCSPAWN__WORKER_ANSWERED);
        CU_ASSERT_FALSE(answer.recycle);
        CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_IDLE);
        worker->call = NULL;
    }
    CU_ASSERT_EQUAL(worker->ended_calls, 2);
    bare_pool_free(pool);
}

static void an_answer_to_another_call_means_nothing(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);

    struct procspawn__worker_message late = bare_result(worker);
    run_call(worker);
    CU_ASSERT_EQUAL(report(worker, late).what, PROCSPAWN__WORKER_SILENT);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_RUNNING);
    bare_pool_free(pool);
}

static void a_worker_is_worn_after_its_calls_or_if_it_is_too_big(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);

    pool->config.recycle_calls = 3;
    for (int i = 1; i <= 3; i++) {
        run_call(worker);
        CU_ASSERT_EQUAL(report(worker, bare_result(worker)).recycle, i == 3);
    }
    pool->config.recycle_calls = 0;
    run_call(worker);
    struct procspawn__worker_message big = bare_result(worker);
    big.too_big = true;
    CU_ASSERT(report(worker, big).recycle);
    bare_pool_free(pool);
}

/* The grace was for the call. */
static void a_worker_that_answers_while_it_ends_is_worn(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);

    run_call(worker);
    procspawn__worker_step(worker, PROCSPAWN__EV_END);
    struct procspawn__worker_report answer = report(worker, bare_result(worker));
    CU_ASSERT_EQUAL(answer.what, PROCSPAWN__WORKER_ANSWERED);
    CU_ASSERT(answer.recycle);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_ENDING);
    bare_pool_free(pool);
}

static void only_a_used_worker_refuses_a_call(void)
{
    static const struct {
        uint64_t ended_calls;
        enum procspawn_error_kind kind;
        bool ending;
        enum procspawn__worker_happening what;
    } cases[] = {
        { 1, PROCSPAWN_ERROR_SETUP, false, PROCSPAWN__WORKER_REFUSED },
        { 0, PROCSPAWN_ERROR_SETUP, false, PROCSPAWN__WORKER_FAILED },
        { 1, PROCSPAWN_ERROR_IO, false, PROCSPAWN__WORKER_FAILED },
        { 1, PROCSPAWN_ERROR_SETUP, true, PROCSPAWN__WORKER_FAILED },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        procspawn_pool *pool = bare_pool_new(1, 1);
        struct procspawn__worker *worker = bare_worker(pool);
        worker->ended_calls = cases[i].ended_calls;
        run_call(worker);
        if (cases[i].ending)
            procspawn__worker_step(worker, PROCSPAWN__EV_END);
        CU_ASSERT_EQUAL(report(worker, bare_failure(worker, false, cases[i].kind)).what,
                        cases[i].what);
        bare_pool_free(pool);
    }
}

static void what_it_may_not_send_breaks_the_protocol(void)
{
    procspawn_pool *pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(pool);

    CU_ASSERT_EQUAL(report(worker, bare_message(PROCSPAWN__INCOMING_BROKEN)).what,
                    PROCSPAWN__WORKER_BROKEN);
    CU_ASSERT_EQUAL(report(worker, bare_message(PROCSPAWN__INCOMING_REFUSED)).what,
                    PROCSPAWN__WORKER_BROKEN);
    CU_ASSERT_EQUAL(report(worker, bare_message(PROCSPAWN__INCOMING_IGNORED)).what,
                    PROCSPAWN__WORKER_SILENT);
    CU_ASSERT_EQUAL(report(worker, bare_message(PROCSPAWN__INCOMING_NOTHING)).what,
                    PROCSPAWN__WORKER_SILENT);
    CU_ASSERT_EQUAL(worker->state, PROCSPAWN__WORKER_IDLE);
    bare_pool_free(pool);
}

/* ---- ends ---- */

static void a_dead_worker_that_lingers_is_lost(void)
{
    procspawn_pool *pool = bare_pool_new(3, 3);
    struct procspawn__worker *gone = bare_worker(pool), *lingers = bare_worker(pool);
    struct procspawn__worker *cut = bare_worker(pool);

    CU_ASSERT_EQUAL(report(gone, bare_death(false, false)).what, PROCSPAWN__WORKER_LEFT);
    CU_ASSERT_EQUAL(gone->state, PROCSPAWN__WORKER_GONE);
    CU_ASSERT_EQUAL(report(lingers, bare_death(false, true)).what, PROCSPAWN__WORKER_LEFT);
    CU_ASSERT_EQUAL(lingers->state, PROCSPAWN__WORKER_LOST);
    CU_ASSERT_EQUAL(report(cut, bare_message(PROCSPAWN__INCOMING_END)).what,
                    PROCSPAWN__WORKER_LEFT);
    CU_ASSERT_EQUAL(cut->state, PROCSPAWN__WORKER_LOST);
    bare_pool_free(pool);
}

static void an_end_is_early_before_the_first_answer(void)
{
    procspawn_pool *pool = bare_pool_new(5, 5);
    struct procspawn__worker *starting = bare_worker_starting(pool), *idle = bare_worker(pool);
    struct procspawn__worker *used = bare_worker(pool), *running = bare_worker(pool);
    struct procspawn__worker *ending = bare_worker(pool);

    used->ended_calls = 1;
    run_call(running);
    procspawn__worker_step(ending, PROCSPAWN__EV_END);
    CU_ASSERT(report(starting, bare_death(false, false)).early);
    CU_ASSERT(report(idle, bare_death(false, false)).early);
    CU_ASSERT_FALSE(report(used, bare_death(false, false)).early);
    CU_ASSERT_FALSE(report(running, bare_death(false, false)).early);
    struct procspawn__worker_report ended = report(ending, bare_death(false, false));
    CU_ASSERT_FALSE(ended.early);
    CU_ASSERT(ended.by_pool);
    bare_pool_free(pool);
}

/* DEATH says so; without it a reset of the channel does. */
static void an_end_says_whether_the_last_message_was_read(void)
{
    procspawn_pool *pool = bare_pool_new(3, 3);
    struct procspawn__worker *dead = bare_worker(pool), *reset = bare_worker(pool);
    struct procspawn__worker *both = bare_worker(pool);
    struct procspawn__worker_message was_reset = bare_message(PROCSPAWN__INCOMING_IGNORED);

    was_reset.incoming.was_reset = true;
    CU_ASSERT(report(dead, bare_death(true, false)).unread);
    report(reset, was_reset);
    CU_ASSERT(report(reset, bare_message(PROCSPAWN__INCOMING_END)).unread);
    report(both, was_reset);
    CU_ASSERT_FALSE(report(both, bare_death(false, false)).unread);
    bare_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo state_tests[] = {
    TEST(each_state_has_its_events_and_refuses_all_others),
    TEST(the_worker_that_became_idle_last_is_first),
    TEST(a_lost_worker_is_kept_until_it_is_gone),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo report_tests[] = {
    TEST(a_worker_is_ready_once),
    TEST(a_worker_that_cannot_be_prepared_is_unready),
    TEST(an_answer_makes_the_worker_idle),
    TEST(an_answer_to_another_call_means_nothing),
    TEST(a_worker_is_worn_after_its_calls_or_if_it_is_too_big),
    TEST(a_worker_that_answers_while_it_ends_is_worn),
    TEST(only_a_used_worker_refuses_a_call),
    TEST(what_it_may_not_send_breaks_the_protocol),
    TEST(a_dead_worker_that_lingers_is_lost),
    TEST(an_end_is_early_before_the_first_answer),
    TEST(an_end_says_whether_the_last_message_was_read),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "states", .pTests = state_tests },
    { .pName = "reports", .pTests = report_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
