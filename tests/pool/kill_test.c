/*
 * kill_test.c - calls of a pool that are killed, or reach their deadline
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

static void a_queued_call_killed_is_cancelled(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *running = pool_start(pool, calls_hang, NULL);
    procspawn_handle *queued = pool_start(pool, calls_echo, NULL);
    pid_t pid = pool_await_start(running);

    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(queued), 0);
    procspawn_error *error = calls_error(queued);
    CU_ASSERT(procspawn_error_is_cancellation(error));
    procspawn_error_free(error);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pid(running), pid);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(running), 0);
    calls_check_error(calls_error(running), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    CU_ASSERT(pool_await_death(pid));
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

/* Whatever the moment of the kill, only the call that it names may suffer. */
static void a_kill_never_hits_the_next_call(void)
{
    enum { ROUNDS = 300 };
    procspawn_pool *pool = pool_make(1);
    int killed = 0;

    for (int i = 0; i < ROUNDS; i++) {
        procspawn_handle *first = pool_start(pool, calls_echo, json_integer(i));
        procspawn_handle *second = pool_start(pool, calls_echo, json_integer(-i));
        if (i % 3 == 0)
            procspawn_join_timeout(first, (i % 10) * 10000, NULL, NULL);
        procspawn_kill(first);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(second), -i);
        killed += procspawn_join(first, NULL, NULL) == PROCSPAWN_ECALL;
        procspawn_handle_free(first);
    }
    CU_ASSERT(killed > 0);
    procspawn_pool_free(pool);
}

static void an_ended_call_cannot_be_killed(void)
{
    procspawn_pool *pool = pool_make(1);
    json_int_t pid = pool_number(pool, calls_pid, NULL);
    procspawn_handle *handle = pool_start(pool, calls_echo, json_integer(9));
    int fd = procspawn_fd(handle);

    PROCSPAWN_CUNIT_EQUAL(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 20000), 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 0), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 9);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), pid);
    procspawn_pool_free(pool);
}

static void deadlines_hold_in_the_queue_and_in_a_worker(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *running = NULL, *queued = NULL;

    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 300 * CALLS_MS, calls_hang, NULL,
                                                        &running), 0);
    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 30 * CALLS_MS, calls_echo, NULL,
                                                        &queued), 0);
    procspawn_handle *patient = pool_start(pool, calls_echo, json_integer(4));
    calls_check_error(calls_error(queued), PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_NONE);
    procspawn_error *error = calls_error(running);
    CU_ASSERT(procspawn_error_is_timeout(error));
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(patient), 4);
    procspawn_pool_free(pool);
}

static json_t *stop(json_t *argument)
{
    raise(SIGSTOP);
    return json_incref(argument);
}

static void a_stopped_worker_meets_its_deadline(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_builder_total_limit(procspawn_pool_builder_process(builder), 200 * CALLS_MS);
    procspawn_pool *pool = pool_build(builder);
    calls_check_error(calls_error(pool_start(pool, stop, NULL)), PROCSPAWN_ERROR_TIMED_OUT,
                      PROCSPAWN_CAUSE_TIME_LIMIT);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

static void begin_without_spares(void)
{
    procspawn_config *config = procspawn_config_new();

    calls_end();
    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
}

/* Where no spare is left each server is asked for a child, so there may be one that nobody took. */
static void kill_all_children_but(pid_t worker)
{
    pid_t root = calls_root();
    struct calls_tree tree = { 0 };

    calls_tree_open(&tree, root);
    for (unsigned i = 0; i < tree.count; i++) {
        if (tree.pid[i] != worker && calls_status(tree.pid[i], "PPid:") != root)
            kill(tree.pid[i], SIGKILL);
    }
    calls_tree_close(&tree);
}

/* A second worker is wanted and does not come; the pool has other things to do meanwhile. */
static void servers_that_are_stopped_hold_up_no_deadline(void)
{
    procspawn_handle *queued;
    procspawn_error *error = NULL;
    struct pool_gate gate;

    begin_without_spares();
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);
    procspawn_pool_builder_minimum(builder, 1, CALLS_SECOND);
    procspawn_pool *pool = pool_build(builder);
    pool_gate_make(&gate);
    procspawn_handle *running = pool_start(pool, pool_wait_at_gate, pool_gate_name(&gate));
    pid_t worker = pool_await_start(running);
    calls_stop_servers();
    kill_all_children_but(worker);
    int64_t start = calls_now();
    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 200 * CALLS_MS, calls_echo, NULL,
                                                        &queued), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(queued, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_NONE);
    procspawn_handle_free(queued);
    queued = pool_start(pool, calls_echo, json_integer(5));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(pool, 100 * CALLS_MS), -ETIMEDOUT);
    pool_gate_open(&gate);
    json_decref(calls_result(running));
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 5);
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

static void a_deadline_kept_is_forgotten(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = NULL;
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, 100 * CALLS_MS, calls_echo, NULL,
                                                        &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
    handle = pool_start(pool, calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 300 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pid(handle), pid);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo end_tests[] = {
    TEST(a_queued_call_killed_is_cancelled),
    TEST(a_kill_never_hits_the_next_call),
    TEST(an_ended_call_cannot_be_killed),
    TEST(deadlines_hold_in_the_queue_and_in_a_worker),
    TEST(a_stopped_worker_meets_its_deadline),
    TEST(servers_that_are_stopped_hold_up_no_deadline),
    TEST(a_deadline_kept_is_forgotten),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("kills_and_deadlines", end_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
