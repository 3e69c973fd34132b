/*
 * receive_test.c - the end of a worker, when its server tells of it beside the channel
 */
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/client/awaits.h"
#include "src/client/lock.h"
#include "src/client/state.h"
#include "src/error/error.h"
#include "src/pool/receive.h"
#include "src/pool/worker.h"
#include "src/wire/protocol.h"
#include "tests/support/bare_pool.h"

#include <forkscope/cunit.h>
#include <forkscope/procspawn.h>
#include <signal.h>
#include <stdbool.h>

/* A worker that runs a call. A message without credentials comes from its server. */
static struct procspawn__worker *running(procspawn_pool **ret_pool,
                                         struct procspawn__pool_call **ret_call)
{
    *ret_pool = bare_pool_new(1, 1);
    struct procspawn__worker *worker = bare_worker(*ret_pool);
    worker->child.pid = 1;
    *ret_call = bare_enqueue(*ret_pool);
    return worker;
}

/* The worker's server was asked for its end, and answers. */
static void answer_question(struct procspawn__worker *worker, bool known)
{
    const struct wire_ended ended = { .known = known,
                                      .death = { .status = SIGKILL, .cause = WIRE_ENDED_BY_KILL } };

    procspawn__client_enter();
    if (!worker->await.child) {
        worker->await.child = &worker->child;
        list_append(&procspawn__client.awaits, &worker->await.in_client);
    }
    procspawn__awaits_told(0, &ended);
    procspawn__client_leave();
}

/* More messages of strangers than are received at once, and behind them the end. */
static void send_strangers_and_death(const struct procspawn__worker *worker)
{
    enum { STRANGERS = 150 };
    const struct wire_death death = { .status = SIGKILL, .cause = WIRE_ENDED_BY_KILL };

    for (int i = 0; i < STRANGERS; i++)
        bare_worker_says(worker, WIRE_VALUE, &death, sizeof death);
    bare_worker_says(worker, WIRE_DEATH, &death, sizeof death);
}

static void check_killed(struct procspawn__pool_call *call)
{
    const procspawn_error *error = call->handle.outcome.error;

    CU_ASSERT(error && procspawn_error_cause(error) == PROCSPAWN_CAUSE_KILLED);
    bare_check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
}

static void an_end_behind_many_messages_counts_though_its_server_has_forgotten_it(void)
{
    procspawn_pool *pool;
    struct procspawn__pool_call *call;
    struct procspawn__worker *worker = running(&pool, &call);

    send_strangers_and_death(worker);
    answer_question(worker, false);
    procspawn__worker_ask_end(worker);
    check_killed(call);
    CU_ASSERT_EQUAL(pool->worker_count, 0);
    bare_pool_free(pool);
}

/* A question is repeated after a time, and both are answered. */
static void the_first_answer_counts(void)
{
    procspawn_pool *pool;
    struct procspawn__pool_call *call;
    struct procspawn__worker *worker = running(&pool, &call);

    answer_question(worker, true);
    answer_question(worker, false);
    procspawn__worker_ask_end(worker);
    check_killed(call);
    CU_ASSERT_EQUAL(pool->worker_count, 0);
    bare_pool_free(pool);
}

static void an_end_that_nobody_knows_ends_the_call(void)
{
    procspawn_pool *pool;
    struct procspawn__pool_call *call;
    struct procspawn__worker *worker = running(&pool, &call);

    answer_question(worker, false);
    procspawn__worker_ask_end(worker);
    CU_ASSERT_EQUAL(procspawn_error_cause(call->handle.outcome.error), PROCSPAWN_CAUSE_NONE);
    bare_check_error(call, PROCSPAWN_ERROR_REMOTE_CLOSE);
    bare_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(an_end_behind_many_messages_counts_though_its_server_has_forgotten_it),
    TEST(the_first_answer_counts),
    TEST(an_end_that_nobody_knows_ends_the_call),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "receive", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
