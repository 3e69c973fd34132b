/*
 * kill_test.c - calls of a set that are killed, are too late, are taken out, or left when it is freed
 */
#include "tests/support/pool_helpers.h"
#include "tests/support/set_helpers.h"

#include <errno.h>
#include <forkscope/completion.h>
#include <forkscope/limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Lets the set start what may start. Nothing ends. */
static void let_start(procspawn_set *set)
{
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_next_timeout(set, 50 * CALLS_MS, &result), -ETIMEDOUT);
}

static void a_waiting_call_killed_is_cancelled_and_never_runs(void)
{
    procspawn_set *set = set_make();
    int running, waiting;

    procspawn_set_max_running(set, 1);
    set_add(set, NULL, calls_hang, json_null(), &running);
    set_add(set, NULL, calls_echo, json_integer(1), &waiting);
    let_start(set);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_kill(set, &waiting), 1);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_kill(set, &waiting), 0);
    set_check_error(set, &waiting, PROCSPAWN_ERROR_CANCELLED, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_kill(set, &running), 1);
    set_check_error(set, &running, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    set_check_empty(set);
}

static void calls_of_a_pool_are_killed_by_their_tag(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_set *set = set_make();
    int running, waiting, last;

    set_add(set, pool, calls_hang, json_null(), &running);
    set_add(set, pool, calls_echo, json_integer(1), &waiting);
    set_add(set, pool, calls_echo, json_integer(2), &last);
    while (procspawn_pool_active_count(pool) == 0)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_kill(set, &waiting), 1);
    set_check_error(set, &waiting, PROCSPAWN_ERROR_CANCELLED, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_kill(set, &running), 1);
    set_check_error(set, &running, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    set_check_next(set, &last, 2);
    set_check_empty(set);
    procspawn_pool_free(pool);
}

static void all_calls_are_killed_and_each_has_a_result(void)
{
    enum { CALLS = 30 };
    procspawn_set *set = set_make();
    struct procspawn_result result;
    int ended = 0;

    for (int i = 0; i < CALLS; i++)
        set_add(set, NULL, calls_hang, json_null(), NULL);
    let_start(set);
    procspawn_set_kill_all(set);
    while (procspawn_set_next(set, &result) == 0) {
        ended += result.error != NULL;
        procspawn_result_fini(&result);
    }
    PROCSPAWN_CUNIT_EQUAL(ended, CALLS);
    set_check_empty(set);
}

static void the_total_limit_passes_while_a_call_waits(void)
{
    struct procspawn_call_options options = { .total_limit = 50 * FORKSCOPE_MS };
    procspawn_set *set = set_make();
    int running, late;

    procspawn_set_max_running(set, 1);
    set_add(set, NULL, calls_hang, json_null(), &running);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, calls_echo, NULL, &late), 0);
    set_check_error(set, &late, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_NONE);
    procspawn_set_kill_all(set);
    set_check_error(set, &running, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    set_check_empty(set);
}

/* The loop of the program is woken for it. */
static void the_descriptor_tells_when_a_total_limit_has_passed(void)
{
    struct procspawn_call_options options = { .total_limit = 50 * FORKSCOPE_MS };
    procspawn_set *set = set_make();
    struct procspawn_result result;
    int running, late;

    procspawn_set_max_running(set, 1);
    set_add(set, NULL, calls_hang, json_null(), &running);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, calls_echo, NULL, &late), 0);
    int64_t began = calls_now();
    int rc;
    while ((rc = procspawn_set_next_timeout(set, 0, &result)) == -ETIMEDOUT)
        CU_ASSERT_FATAL(set_is_readable(set, 10000));
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    CU_ASSERT(calls_now() - began < 5 * CALLS_SECOND);
    CU_ASSERT_PTR_EQUAL(result.tag, &late);
    CU_ASSERT(procspawn_error_is_timeout(result.error));
    procspawn_result_fini(&result);
    procspawn_set_free(set);
}

static void a_run_limit_does_not_count_the_time_in_the_queue(void)
{
    struct procspawn_call_options options = { .run_limit = 300 * FORKSCOPE_MS };
    procspawn_set *set = set_make();
    int late;

    procspawn_set_max_running(set, 1);
    for (int i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, calls_hang, NULL, &late), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, calls_echo, NULL, NULL), 0);
    for (int i = 0; i < 3; i++)
        set_check_error(set, &late, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
    set_check_next(set, NULL, 0);
    set_check_empty(set);
}

/* ---- taking out ---- */

static void a_call_that_is_taken_out_goes_on(procspawn_pool *pool)
{
    procspawn_set *set = set_make();
    procspawn_handle *handle = NULL;
    struct pool_gate gate;
    int tag;

    pool_gate_make(&gate);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_remove(set, &tag, &handle), -ENOENT);
    set_add(set, pool, pool_forty_two, pool_gate_name(&gate), &tag);
    let_start(set);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_remove(set, &tag, &handle), 0);
    set_check_empty(set);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 42);
    pool_gate_remove(&gate);
}

static void a_process_that_is_taken_out_goes_on(void)
{
    a_call_that_is_taken_out_goes_on(NULL);
}

static void a_call_of_a_pool_that_is_taken_out_goes_on(void)
{
    procspawn_pool *pool = pool_make(1);

    a_call_that_is_taken_out_goes_on(pool);
    procspawn_pool_free(pool);
}

static void a_waiting_call_cannot_be_taken_out(void)
{
    procspawn_set *set = set_make();
    procspawn_handle *handle = NULL;
    int tag;

    set_add(set, NULL, calls_echo, json_integer(1), &tag);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_remove(set, &tag, &handle), -EAGAIN);
    set_check_next(set, &tag, 1);
    set_check_empty(set);
}

/* ---- adding ---- */

static void calls_that_run_can_be_added(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_set *set = set_make();
    int process, of_pool, ended;

    procspawn_handle *handle = calls_start(calls_echo, json_integer(3));
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_add(set, handle, &ended), 0);
    set_check_next(set, &ended, 3);
    PROCSPAWN_CUNIT_EQUAL(
        procspawn_set_add(set, calls_start(calls_echo, json_integer(1)), &process), 0);
    set_check_next(set, &process, 1);
    PROCSPAWN_CUNIT_EQUAL(
        procspawn_set_add(set, pool_start(pool, calls_echo, json_integer(2)), &of_pool), 0);
    set_check_next(set, &of_pool, 2);
    set_check_empty(set);
    procspawn_pool_free(pool);
}

static void a_call_that_was_joined_cannot_be_added(void)
{
    procspawn_set *set = set_make();
    procspawn_handle *handle = calls_start(calls_echo, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_add(set, handle, NULL), -EINVAL);
    procspawn_handle_free(handle);
    set_check_empty(set);
}

/* ---- freeing ---- */

static void freeing_ends_what_is_left_and_waits_for_it(void)
{
    enum { CALLS = 5 };
    procspawn_pool *pool = pool_make(1);
    procspawn_set *set = set_make();
    pid_t pids[CALLS];

    for (int i = 0; i < CALLS; i++) {
        procspawn_handle *handle = calls_start(calls_hang, NULL);
        pids[i] = procspawn_pid(handle);
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_add(set, handle, NULL), 0);
        set_add(set, NULL, calls_hang, json_null(), NULL);
        set_add(set, pool, calls_hang, json_null(), NULL);
    }
    procspawn_set_free(set);
    for (int i = 0; i < CALLS; i++)
        CU_ASSERT(kill(pids[i], 0) < 0 && errno == ESRCH);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_pool_queued_count(pool), 0);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_pool_active_count(pool), 0);
    procspawn_pool_free(pool);
    calls_check_work(3);
}

/* Servers that are stopped end no process. A stopped root lets no server go on. */
static void freeing_has_a_time_limit_and_can_be_repeated(void)
{
    procspawn_set *set = set_make();

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_add(set, calls_start(calls_hang, NULL), NULL), 0);
    calls_stop_servers();
    int rc = procspawn_set_free_timeout(set, 50 * CALLS_MS);
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
    PROCSPAWN_CUNIT_EQUAL(rc, -ETIMEDOUT);
    if (rc < 0)
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_free_timeout(set, -1), 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_waiting_call_killed_is_cancelled_and_never_runs),
    TEST(calls_of_a_pool_are_killed_by_their_tag),
    TEST(all_calls_are_killed_and_each_has_a_result),
    TEST(the_total_limit_passes_while_a_call_waits),
    TEST(the_descriptor_tells_when_a_total_limit_has_passed),
    TEST(a_run_limit_does_not_count_the_time_in_the_queue),
    TEST(a_process_that_is_taken_out_goes_on),
    TEST(a_call_of_a_pool_that_is_taken_out_goes_on),
    TEST(a_waiting_call_cannot_be_taken_out),
    TEST(calls_that_run_can_be_added),
    TEST(a_call_that_was_joined_cannot_be_added),
    TEST(freeing_ends_what_is_left_and_waits_for_it),
    TEST(freeing_has_a_time_limit_and_can_be_repeated),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { CALLS_SUITE("set_ends", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
