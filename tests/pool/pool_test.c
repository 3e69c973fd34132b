/*
 * pool_test.c - a pool as a whole: its end, nesting, threads and time limits
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

/* ---- the pool as a whole ---- */

static void joining_waits_until_idle(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *handles[4];
    struct pool_gate gate;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(pool), 0);
    pool_gate_make(&gate);
    for (int i = 0; i < 4; i++)
        handles[i] = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, 20 * CALLS_MS), -ETIMEDOUT);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_active_count(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(pool), 0);
    for (int i = 0; i < 4; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handles[i], 0, NULL, NULL), 0);
        procspawn_handle_free(handles[i]);
    }
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

static void shutting_down_ends_what_is_queued_first(void)
{
    enum { CALLS = 6 };
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handles[CALLS], *late = NULL;
    struct pool_gate gate;

    pool_gate_make(&gate);
    for (int i = 0; i < CALLS; i++)
        handles[i] = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(pool, 20 * CALLS_MS), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), PROCSPAWN_ESHUTDOWN);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    for (int i = 0; i < CALLS; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[i]), 42);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

static void killing_tells_queued_from_running(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *running = pool_start(pool, calls_hang, NULL), *late = NULL;
    procspawn_handle *queued = pool_start(pool, calls_hang, NULL);

    pool_await_start(running);
    procspawn_pool_kill(pool);
    procspawn_pool_kill(pool);
    calls_check_error(calls_error(queued), PROCSPAWN_ERROR_CANCELLED, PROCSPAWN_CAUSE_NONE);
    calls_check_error(calls_error(running), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), PROCSPAWN_ESHUTDOWN);
    procspawn_pool_free(pool);
}

static void handles_outlive_their_pool(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *done = pool_start(pool, calls_echo, json_integer(3));

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(pool), 0);
    procspawn_handle *running = pool_start(pool, calls_hang, NULL);
    pid_t pid = pool_await_start(running);
    procspawn_handle *dropped = pool_start(pool, calls_hang, NULL);
    procspawn_handle_free(dropped);
    procspawn_pool_free(pool);
    CU_ASSERT(kill(pid, 0) < 0 && errno == ESRCH);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(done), 3);
    calls_check_error(calls_error(running), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

/* A stopped server kills no process, and the root would continue it. */
static void freeing_gives_up_at_the_timeout_and_can_be_repeated(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *running = pool_start(pool, calls_hang, NULL), *late = NULL;
    pid_t pid = pool_await_start(running);

    calls_stop_servers();
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 20 * CALLS_MS), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 0), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), PROCSPAWN_ESHUTDOWN);
    CU_ASSERT(kill(pid, 0) == 0);
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 20 * CALLS_SECOND), 0);
    CU_ASSERT(kill(pid, 0) < 0 && errno == ESRCH);
    calls_check_error(calls_error(running), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(NULL, 0), 0);
}

static void the_end_of_everything_ends_pools(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *running = pool_start(pool, calls_hang, NULL);
    procspawn_handle *late = NULL;

    pool_await_start(running);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
    procspawn_error *error = calls_error(running);
    CU_ASSERT(procspawn_error_is_remote_close(error));
    procspawn_error_free(error);
    CU_ASSERT(procspawn_pool_spawn(pool, calls_echo, NULL, &late) < 0);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), 0);
}

static int refuse(void *unused)
{
    (void)unused;
    return -EPERM;
}

static void check_failed(procspawn_pool *pool)
{
    procspawn_handle *late = NULL;
    procspawn_error *cause = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), PROCSPAWN_EPOOL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &cause), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(cause), EPERM);
    calls_check_error(cause, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
}

static void a_pool_that_cannot_start_workers_fails(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);
    procspawn_error *cause = NULL;

    procspawn_pool_builder_hook(builder, refuse, NULL);
    procspawn_pool_builder_attempts(builder, 3);
    procspawn_pool *pool = pool_build(builder);
    procspawn_handle *queued = pool_start(pool, calls_echo, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &cause), -ENODATA);
    procspawn_error *error = calls_error(queued);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EPERM);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
    check_failed(pool);
    procspawn_pool_free(pool);
}

static void a_failed_pool_stays_failed_when_it_is_ended(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_pre_exec(builder, refuse, NULL);
    procspawn_pool_builder_attempts(builder, 1);
    procspawn_pool *pool = pool_build(builder);
    procspawn_error_free(calls_error(pool_start(pool, calls_echo, NULL)));
    check_failed(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    check_failed(pool);
    procspawn_pool_kill(pool);
    check_failed(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
    check_failed(pool);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), 0);
}

static void a_pool_that_was_ended_has_not_failed(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_error *cause = NULL;

    procspawn_pool_kill(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &cause), -ENODATA);
    procspawn_pool_free(pool);
}

/* ---- at large ---- */

static json_t *use_a_pool(json_t *argument)
{
    procspawn_pool *pool;
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn_pool_new(2, &pool) < 0 ||
        procspawn_pool_spawn(pool, calls_echo, argument, &handle) < 0)
        return NULL;
    procspawn_join(handle, &result, NULL);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
    return result;
}

static void pools_nest(void)
{
    procspawn_pool *pool = pool_make(2);

    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(use_a_pool, json_integer(11))), 11);
    for (int i = 0; i < 3; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, use_a_pool, json_integer(i)), i);
    procspawn_pool_free(pool);
}

static json_t *leave_a_pool(json_t *argument)
{
    procspawn_pool *pool;
    procspawn_handle *handle;

    (void)argument;
    if (procspawn_pool_new(2, &pool) < 0 ||
        procspawn_pool_spawn(pool, calls_hang, NULL, &handle) < 0)
        return NULL;
    while (procspawn_pid(handle) == 0)
        poll(NULL, 0, 1);
    return json_integer(procspawn_pid(handle));
}

static void a_pool_ends_with_its_process(void)
{
    procspawn_handle *handle = calls_start(leave_a_pool, NULL);
    json_t *pid = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, &pid, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    CU_ASSERT(kill((pid_t)json_integer_value(pid), 0) < 0 && errno == ESRCH);
    json_decref(pid);
    procspawn_handle_free(handle);
}

static void *join_for_ever(void *handle)
{
    procspawn_join(handle, NULL, NULL);
    return NULL;
}

static void a_cancelled_joiner_harms_nothing(void)
{
    procspawn_pool *pool = pool_make(1);
    struct pool_gate gate;
    pthread_t threads[2];

    pool_gate_make(&gate);
    procspawn_handle *running = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    procspawn_handle *queued = pool_start(pool, calls_echo, json_integer(2));
    pool_await_start(running);
    pthread_create(&threads[0], NULL, join_for_ever, running);
    pthread_create(&threads[1], NULL, join_for_ever, queued);
    for (int i = 0; i < 2; i++) {
        void *result = NULL;
        pthread_cancel(threads[i]);
        pthread_join(threads[i], &result);
        CU_ASSERT(result == PTHREAD_CANCELED);
    }
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 2);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(running), 42);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

enum { THREADS = 8, CALLS_EACH = 300 };

static void *call_often(void *pool)
{
    intptr_t wrong = 0;

    for (int i = 0; i < CALLS_EACH; i++) {
        procspawn_handle *handle;
        json_t *result = NULL;
        json_t *argument = json_integer(i);
        if (procspawn_pool_spawn(pool, calls_echo, argument, &handle) == 0) {
            if (i % 7 == 0)
                procspawn_fd(handle);
            if (i % 5 != 0)
                procspawn_join(handle, &result, NULL);
            wrong += i % 5 != 0 && json_integer_value(result) != i;
            procspawn_handle_free(handle);
        } else {
            wrong++;
        }
        json_decref(argument);
        json_decref(result);
    }
    return (void *)wrong;
}

static void many_threads_share_a_pool(void)
{
    procspawn_pool *pool = pool_make(3);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, call_often, pool) == 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        CU_ASSERT(wrong == NULL);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(pool), 0);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo whole_tests[] = {
    TEST(joining_waits_until_idle),
    TEST(shutting_down_ends_what_is_queued_first),
    TEST(killing_tells_queued_from_running),
    TEST(handles_outlive_their_pool),
    TEST(freeing_gives_up_at_the_timeout_and_can_be_repeated),
    TEST(the_end_of_everything_ends_pools),
    TEST(a_pool_that_cannot_start_workers_fails),
    TEST(a_failed_pool_stays_failed_when_it_is_ended),
    TEST(a_pool_that_was_ended_has_not_failed),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo large_tests[] = {
    TEST(pools_nest),
    TEST(a_pool_ends_with_its_process),
    TEST(a_cancelled_joiner_harms_nothing),
    TEST(many_threads_share_a_pool),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("the_whole", whole_tests),
    CALLS_SUITE("at_large", large_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
