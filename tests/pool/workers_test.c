/*
 * workers_test.c - the workers of a pool: what breaks them, and how they are replaced
 */
#include "tests/support/early_death.h"
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what breaks ---- */

static json_t *return_null(json_t *argument)
{
    (void)argument;
    return NULL;
}

static json_t *return_loop(json_t *argument)
{
    (void)argument;
    json_t *outer = json_array();
    for (int i = 0; i < 3000; i++)
        outer = json_pack("[o]", outer);
    return outer;
}

static void bad_results_leave_the_worker(void)
{
    procspawn_pool *pool = pool_make(1);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    calls_check_error(calls_error(pool_start(pool, return_null, NULL)), PROCSPAWN_ERROR_PANIC,
                      PROCSPAWN_CAUSE_NONE);
    calls_check_error(calls_error(pool_start(pool, return_loop, NULL)), PROCSPAWN_ERROR_JSON,
                      PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), pid);
    procspawn_pool_free(pool);
}

static json_t *go_wrong(json_t *argument)
{
    (void)argument;
    procspawn_panic("something went wrong");
}

static void a_panic_costs_only_its_call(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *bad = pool_start(pool, go_wrong, NULL);
    procspawn_handle *good = pool_start(pool, calls_echo, json_integer(1));
    procspawn_error *error = calls_error(bad);

    CU_ASSERT(procspawn_error_is_panic(error));
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "something went wrong");
    CU_ASSERT_STRING_EQUAL(procspawn_error_function(error), "go_wrong");
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    procspawn_error_free(error);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(good), 1);
    procspawn_pool_free(pool);
}

static json_t *leave_by_exit(json_t *argument)
{
    exit((int)json_integer_value(argument));
}

static json_t *crash(json_t *argument)
{
    (void)argument;
    raise(SIGSEGV);
    return json_null();
}

static void a_crash_costs_only_its_call(void)
{
    procspawn_pool *pool = pool_make(1);

    for (int i = 0; i < 3; i++) {
        procspawn_error *error = calls_error(pool_start(pool, crash, NULL));
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGSEGV);
        CU_ASSERT(procspawn_error_frame_count(error) > 0);
        calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
        error = calls_error(pool_start(pool, leave_by_exit, json_integer(3)));
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 3);
        calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    }
    procspawn_pool_free(pool);
}

static json_t *close_everything(json_t *argument)
{
    (void)argument;
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    return json_null();
}

static void a_worker_without_descriptors_is_replaced(void)
{
    procspawn_pool *pool = pool_make(1);

    calls_check_error(calls_error(pool_start(pool, close_everything, NULL)),
                      PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

static void an_idle_worker_killed_costs_no_call(void)
{
    enum { ROUNDS = 20 };
    procspawn_pool *pool = pool_make(1);

    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = (pid_t)pool_number(pool, calls_pid, NULL);
        kill(pid, SIGKILL);
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    }
    procspawn_pool_free(pool);
}

static void a_running_worker_killed_costs_its_call(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = pool_start(pool, calls_hang, NULL);
    procspawn_handle *queued = pool_start(pool, calls_echo, json_integer(5));
    pid_t pid = pool_await_start(handle);

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 50 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    kill(pid, SIGKILL);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGKILL);
    CU_ASSERT(procspawn_error_is_remote_close(error));
    procspawn_error_free(error);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 5);
    procspawn_pool_free(pool);
}

/* The workers of a dead server die with it; stopped, this one has taken nothing before. */
static void a_call_that_no_worker_took_outlives_the_server(void)
{
    procspawn_pool *pool = pool_make(1);
    pid_t worker = (pid_t)pool_number(pool, calls_pid, NULL);
    pid_t server = (pid_t)pool_number(pool, calls_parent, NULL);

    kill(worker, SIGSTOP);
    procspawn_handle *handle = pool_start(pool, calls_echo, json_integer(5));
    kill(server, SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 5);
    procspawn_pool_free(pool);
}

static json_t *kill_the_server(json_t *argument)
{
    kill(getppid(), SIGKILL);
    return calls_hang(argument);
}

/* And waits until their servers know it. */
static void kill_all_spares(void)
{
    static struct calls_tree tree, spares;

    calls_tree_open(&tree, calls_root());
    for (unsigned i = 0; i < tree.count; i++) {
        if (calls_status(tree.pid[i], "PPid:") == calls_root())
            continue;
        calls_tree_add(&spares, tree.pid[i]);
        kill(tree.pid[i], SIGKILL);
    }
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&spares, 10 * CALLS_SECOND), 0);
    for (unsigned i = 0; i < spares.count; i++) {
        while (kill(spares.pid[i], 0) == 0)
            poll(NULL, 0, 1);
    }
    calls_tree_close(&spares);
    calls_tree_close(&tree);
}

static void spares_that_have_left_are_no_failed_starts(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);

    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    kill_all_spares();
    procspawn_pool_builder_attempts(builder, 1);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

/* Without spares, so that only the pool asks for children. */
static procspawn_pool *pool_of_the_stillborn(unsigned attempts)
{
    procspawn_config *config = procspawn_config_new();
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);

    procspawn_cunit_time_limit(3 * CALLS_START_TIMEOUT);
    births_open();
    procspawn_config_spares(config, 0);
    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    births_forbid(true);
    procspawn_pool_builder_attempts(builder, attempts);
    return pool_build(builder);
}

static void end_births(procspawn_pool *pool)
{
    procspawn_pool_free(pool);
    calls_end();
    births_close();
}

static void a_pool_whose_workers_all_die_at_birth_fails(void)
{
    procspawn_pool *pool = pool_of_the_stillborn(3);
    procspawn_handle *queued = NULL;
    procspawn_error *error = NULL;

    int rc = procspawn_pool_spawn(pool, calls_echo, NULL, &queued);
    if (rc == 0)
        rc = procspawn_join_timeout(queued, CALLS_START_TIMEOUT, NULL, &error);
    CU_ASSERT(rc == PROCSPAWN_EPOOL || rc == PROCSPAWN_ECALL);
    procspawn_error_free(error);
    procspawn_handle_free(queued);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &error), 0);
    procspawn_error_free(error);
    end_births(pool);
}

static void between_deaths_at_birth_a_pool_waits_and_then_goes_on(void)
{
    enum { NOT_MANY = 100 };
    procspawn_pool *pool = pool_of_the_stillborn(1000);
    procspawn_handle *handle = pool_start(pool, calls_echo, json_integer(5));

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, CALLS_SECOND, NULL, NULL), -ETIMEDOUT);
    CU_ASSERT(births_count() < NOT_MANY);
    births_forbid(false);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 5);
    end_births(pool);
}

static void a_call_that_has_begun_is_lost_with_the_server(void)
{
    procspawn_pool *pool = pool_make(1);

    procspawn_error *error = calls_error(pool_start(pool, kill_the_server, NULL));
    calls_check_error(error, PROCSPAWN_ERROR_SERVER_LOST, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

static void all_workers_killed_at_once_are_replaced(void)
{
    enum { WORKERS = 8 };
    procspawn_pool *pool = pool_make(WORKERS);
    procspawn_handle *handles[2 * WORKERS];
    struct pool_gate gate;
    pid_t pids[WORKERS];

    pool_gate_make(&gate);
    for (int i = 0; i < 2 * WORKERS; i++)
        handles[i] = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
    for (int i = 0; i < WORKERS; i++)
        pids[i] = pool_await_start(handles[i]);
    for (int i = 0; i < WORKERS; i++)
        kill(pids[i], SIGKILL);
    pool_gate_open(&gate);
    for (int i = WORKERS; i < 2 * WORKERS; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[i]), 42);
    for (int i = 0; i < WORKERS; i++) {
        int rc = procspawn_join_timeout(handles[i], 20 * CALLS_SECOND, NULL, NULL);
        CU_ASSERT(rc == PROCSPAWN_ECALL || rc == 0);
        procspawn_handle_free(handles[i]);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), WORKERS);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

#define TEST(name) { #name, name }

static CU_TestInfo break_tests[] = {
    TEST(bad_results_leave_the_worker),
    TEST(a_panic_costs_only_its_call),
    TEST(a_crash_costs_only_its_call),
    TEST(a_worker_without_descriptors_is_replaced),
    TEST(an_idle_worker_killed_costs_no_call),
    TEST(a_running_worker_killed_costs_its_call),
    TEST(a_call_that_no_worker_took_outlives_the_server),
    TEST(spares_that_have_left_are_no_failed_starts),
    TEST(a_call_that_has_begun_is_lost_with_the_server),
    TEST(all_workers_killed_at_once_are_replaced),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo birth_tests[] = {
    TEST(a_pool_whose_workers_all_die_at_birth_fails),
    TEST(between_deaths_at_birth_a_pool_waits_and_then_goes_on),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("what_breaks", break_tests),
    { .pName = "births", .pTests = birth_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
