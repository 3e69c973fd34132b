/*
 * stay_test.c - children that have answered and do not exit
 */
#include "src/call/handle.h"
#include "src/call/process.h"
#include "src/child/reply.h"
#include "src/client/control.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/raw_messages.h"
#include "tests/support/report_helpers.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Answers by itself, which the library then does not know of. */
static json_t *answer_and_stay(json_t *argument)
{
    struct { struct wire_value head; char text[4]; } body = {
        .head = { .generation = procspawn__reply.generation, .length = 4 }, .text = "true" };

    wire__send_struct(raw_channel(), WIRE_RESULT, &body, sizeof body.head + 4, -1, false);
    return calls_hang(argument);
}

static json_t *fail_and_stay(json_t *argument)
{
    struct wire_failure body = { .kind = WIRE_FAILURE_PANIC,
                                 .generation = procspawn__reply.generation };

    wire__send_struct(raw_channel(), WIRE_FAILURE, &body, sizeof body, -1, false);
    return calls_hang(argument);
}

/* Of nothing but a run that fails. */
static const int64_t patience = 100 * CALLS_SECOND;

static unsigned left_in_the_end(struct calls_tree *tree)
{
    unsigned left = calls_tree_left(tree, patience);

    calls_tree_close(tree);
    return left;
}

static void begin(void)
{
    calls_begin();
    procspawn_cunit_time_limit(3 * patience);
}

static void who_stays_is_gone_in_a_while(void)
{
    struct calls_tree tree = { 0 };
    procspawn_handle *handle = calls_start(answer_and_stay, NULL);

    calls_tree_add(&tree, procspawn_pid(handle));
    json_decref(calls_result(handle));
    PROCSPAWN_CUNIT_EQUAL(left_in_the_end(&tree), 0);
}

static void who_stays_can_be_waited_for(void)
{
    int64_t start = calls_now();
    procspawn_handle *handle = calls_start(answer_and_stay, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, patience, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, patience, NULL), 0);
    CU_ASSERT(calls_now() - start >= 2 * CALLS_SECOND);
    procspawn_handle_free(handle);
}

static void a_failure_counts_as_an_answer(void)
{
    procspawn_error *error = NULL;
    procspawn_handle *handle = calls_start(fail_and_stay, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, patience, NULL, &error),
                          PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, patience, NULL), 0);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

/* One look finds all that have answered meanwhile, among children that have not. */
static void many_that_stay_are_gone_together(void)
{
    enum { MANY = 24, PACE_MS = 50 };
    struct calls_tree tree = { 0 };
    procspawn_handle *other = calls_start(calls_hang, NULL);

    for (int i = 0; i < MANY; i++) {
        procspawn_handle *handle = calls_start(answer_and_stay, NULL);
        calls_tree_add(&tree, procspawn_pid(handle));
        json_decref(calls_result(handle));
        poll(NULL, 0, PACE_MS);
    }
    PROCSPAWN_CUNIT_EQUAL(left_in_the_end(&tree), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(other, 0, NULL, NULL), -ETIMEDOUT);
    procspawn_kill(other);
    procspawn_handle_free(other);
}

static pid_t parent_of(procspawn_handle *handle)
{
    return (pid_t)calls_status(procspawn_pid(handle), "PPid:");
}

/* Of so many calls some have the same server: these come first then. Returns their server. */
static pid_t start_at_one_server(unsigned count, procspawn_handle **ret_handles, unsigned same)
{
    for (unsigned i = 0; i < count; i++)
        ret_handles[i] = calls_start(answer_and_stay, NULL);
    for (unsigned first = 0; first < count; first++) {
        pid_t server = parent_of(ret_handles[first]);
        unsigned found = 0;
        for (unsigned i = 0; i < count && found < same; i++) {
            if (parent_of(ret_handles[i]) != server)
                continue;
            procspawn_handle *one = ret_handles[i];
            ret_handles[i] = ret_handles[found];
            ret_handles[found++] = one;
        }
        if (found == same)
            return server;
    }
    return 0;
}

/*
 * The server hears late of the first answer, and in time of the second, a second after it. The
 * third is not told to it any more: it has to be found by a look of its own.
 */
static void who_answers_after_a_late_look_is_gone_too(void)
{
    enum { CALLS = 12, SAME = 3, LATE_MS = 600, NEXT_MS = 450, THIRD_MS = 750 };
    struct calls_tree tree = { 0 };
    procspawn_handle *handles[CALLS];
    pid_t server = start_at_one_server(CALLS, handles, SAME);

    CU_ASSERT_FATAL(server > 0);
    for (unsigned i = 0; i < SAME; i++)
        calls_tree_add(&tree, procspawn_pid(handles[i]));
    kill(calls_root(), SIGSTOP);    /* it continues a server that stops */
    kill(server, SIGSTOP);
    json_decref(calls_result(handles[0]));
    poll(NULL, 0, LATE_MS);
    kill(server, SIGCONT);
    kill(calls_root(), SIGCONT);
    poll(NULL, 0, NEXT_MS);
    json_decref(calls_result(handles[1]));
    poll(NULL, 0, THIRD_MS);
    json_decref(calls_result(handles[2]));
    PROCSPAWN_CUNIT_EQUAL(left_in_the_end(&tree), 0);
    for (unsigned i = SAME; i < CALLS; i++)
        json_decref(calls_result(handles[i]));
}

/* The server is stopped, and so many messages wait for it that no other fits in. */
static void who_answers_while_the_link_is_full_is_gone_too(void)
{
    struct calls_tree tree = { 0 };
    procspawn_handle *handle = calls_start(answer_and_stay, NULL);
    pid_t server = parent_of(handle);

    calls_tree_add(&tree, procspawn_pid(handle));
    kill(calls_root(), SIGSTOP);
    kill(server, SIGSTOP);
    report_wait_for_stop(server);
    while (procspawn__client_try_end_child(&((struct procspawn__process *)handle)->child, SIGCONT,
                                           10 * patience, WIRE_ENDED_BY_KILL) == 0)
        continue;
    json_decref(calls_result(handle));
    kill(server, SIGCONT);
    kill(calls_root(), SIGCONT);
    PROCSPAWN_CUNIT_EQUAL(left_in_the_end(&tree), 0);
}

static void a_scope_closes_all_the_same(void)
{
    scoped_spawner root;

    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, NULL, answer_and_stay, NULL, NULL) == 0);
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, forkscope_after(patience)), 0);
}

static json_t *nest_one_that_stays(json_t *null)
{
    procspawn_handle *handle;

    if (procspawn(answer_and_stay, null, &handle) < 0 ||
        procspawn_join_timeout(handle, patience, NULL, NULL) < 0)
        return NULL;
    return json_integer(procspawn_wait_timeout(handle, patience, NULL));
}

static void a_nested_one_is_gone_too(void)
{
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(nest_one_that_stays, NULL)), 0);
}

/* A worker answers and stays as it should. */
static json_t *count(json_t *null)
{
    static int calls;

    (void)null;
    return json_integer(++calls);
}

static void a_worker_may_stay(void)
{
    procspawn_pool *pool;
    procspawn_handle *handle;

    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, count, NULL, &handle) == 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 1);
    poll(NULL, 0, 3500);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, count, NULL, &handle) == 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 2);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(who_stays_is_gone_in_a_while),
    TEST(who_stays_can_be_waited_for),
    TEST(a_failure_counts_as_an_answer),
    TEST(many_that_stay_are_gone_together),
    TEST(who_answers_after_a_late_look_is_gone_too),
    TEST(who_answers_while_the_link_is_full_is_gone_too),
    TEST(a_scope_closes_all_the_same),
    TEST(a_nested_one_is_gone_too),
    TEST(a_worker_may_stay),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "stay", .pSetUpFunc = begin, .pTearDownFunc = calls_end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
