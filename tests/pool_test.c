/* Pools: procspawn's own tests by their names, and what a pool promises. */
#include "tests/pool_tools.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGE = 1 << 20 };

static json_t *large_text(void)
{
    char *text = malloc(LARGE + 1);

    CU_ASSERT_FATAL(text != NULL);
    memset(text, 'x', LARGE);
    text[LARGE] = '\0';
    json_t *value = json_string(text);
    free(text);
    return value;
}

/* ---- procspawn 1.0.1, tests/test_pool.rs ---- */

/* One in four goes wrong, the others wait until all are there. */
static json_t *break_or_wait(json_t *argument)
{
    if (json_integer_value(json_array_get(argument, 0)) % 4 == 0)
        procspawn_panic("completely broken");
    return pool_wait_at_gate(json_array_get(argument, 1));
}

static void test_basic(void)
{
    enum { CALLS = 16 };
    procspawn_pool *pool = pool_make(4);
    procspawn_handle *handles[CALLS];
    struct pool_gate gate;
    int ok = 0, failed = 0;

    pool_gate_make(&gate);
    for (int i = 0; i < CALLS; i++)
        handles[i] = pool_start(pool, break_or_wait, json_pack("[is]", i, gate.path));
    pool_gate_open(&gate);
    for (int i = 0; i < CALLS; i++) {
        int rc = procspawn_join_timeout(handles[i], 20 * CALLS_SECOND, NULL, NULL);
        ok += rc == 0;
        failed += rc == PROCSPAWN_ECALL;
        procspawn_handle_free(handles[i]);
    }
    PROCSPAWN_CUNIT_EQUAL(ok, 12);
    PROCSPAWN_CUNIT_EQUAL(failed, 4);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

static void test_overload(void)
{
    enum { CALLS = 10 };
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *handles[CALLS];
    int with_pid = 0;

    for (int i = 0; i < CALLS; i++)
        handles[i] = pool_start(pool, calls_hang, NULL);
    pool_await_start(handles[0]);
    pool_await_start(handles[1]);
    for (int i = 0; i < CALLS; i++)
        with_pid += procspawn_pid(handles[i]) != 0;
    PROCSPAWN_CUNIT_EQUAL(with_pid, 2);
    procspawn_pool_kill(pool);
    for (int i = 0; i < CALLS; i++)
        procspawn_error_free(calls_error(handles[i]));
    procspawn_pool_free(pool);
}

static json_t *forty_two(json_t *argument)
{
    json_decref(pool_wait_at_gate(argument));
    return json_integer(42);
}

static void test_timeout(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *handle = pool_start(pool, calls_hang, NULL);
    struct pool_gate gate;

    pool_gate_make(&gate);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 100 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    procspawn_handle_free(handle);
    handle = pool_start(pool, forty_two, pool_gate_name(&gate));
    pool_await_start(handle);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 42);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

/* ---- calls ---- */

static void values_of_any_size_come_back(void)
{
    procspawn_pool *pool = pool_make(1);

    for (int i = 0; i < 3; i++) {
        json_t *value = large_text();
        json_t *result = calls_result(pool_start(pool, calls_echo, json_incref(value)));
        CU_ASSERT(json_equal(value, result));
        json_decref(result);
        json_decref(value);
        result = calls_result(pool_start(pool, calls_echo, NULL));
        CU_ASSERT(json_is_null(result));
    }
    procspawn_pool_free(pool);
}

static void a_worker_keeps_its_state(void)
{
    procspawn_pool *pool = pool_make(1);

    for (int i = 1; i <= 5; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), i);
    procspawn_pool_free(pool);
}

static void calls_may_be_joined_in_any_order(void)
{
    enum { CALLS = 20 };
    procspawn_pool *pool = pool_make(3);
    procspawn_handle *handles[CALLS];

    for (int i = 0; i < CALLS; i++)
        handles[i] = pool_start(pool, calls_echo, json_integer(i));
    for (int i = CALLS - 1; i >= 0; i--)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[i]), i);
    procspawn_pool_free(pool);
}

static void a_finished_call_frees_its_worker(void)
{
    enum { CALLS = 5 };
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handles[CALLS];

    for (int i = 0; i < CALLS; i++)
        handles[i] = pool_start(pool, pool_count, NULL);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[CALLS - 1]), CALLS);
    for (int i = 0; i < CALLS - 1; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[i]), i + 1);
    procspawn_pool_free(pool);
}

static void dropped_calls_do_not_hurt(void)
{
    enum { DROPPED = 10 };
    procspawn_pool *pool = pool_make(2);

    for (int i = 0; i < DROPPED; i++)
        procspawn_handle_free(pool_start(pool, calls_echo, large_text()));
    for (int i = 0; i < DROPPED; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(i)), i);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join_timeout(pool, 20 * CALLS_SECOND), 0);
    procspawn_pool_free(pool);
}

static void a_large_third_call_waits_for_nobody(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *first = pool_start(pool, calls_hang, NULL);
    procspawn_handle *second = pool_start(pool, calls_hang, NULL);
    procspawn_handle *third = pool_start(pool, calls_echo, large_text());

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(pool) +
                              procspawn_pool_active_count(pool), 3);
    pool_await_start(second);
    procspawn_kill(second);
    json_t *value = calls_result(third);
    PROCSPAWN_CUNIT_EQUAL(json_string_length(value), LARGE);
    json_decref(value);
    procspawn_handle_free(first);
    procspawn_handle_free(second);
    procspawn_pool_free(pool);
}

static void patience_is_no_deadline(void)
{
    procspawn_pool *pool = pool_make(1);
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *running = pool_start(pool, forty_two, pool_gate_name(&gate));
    procspawn_handle *queued = pool_start(pool, calls_echo, json_integer(7));
    for (int i = 0; i < 3; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(running, i * CALLS_MS, NULL, NULL),
                              -ETIMEDOUT);
        PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(queued, i * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    }
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(queued), 7);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(running), 42);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

static void a_second_join_says_so(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = pool_start(pool, calls_echo, NULL);
    procspawn_error *error = NULL;
    struct rusage usage;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, &error), PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_CONSUMED, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, -1, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, -1, &usage), -ENOTSUP);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pid(handle), 0);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

static void a_descriptor_tells_of_the_end(void)
{
    procspawn_pool *pool = pool_make(1);
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *handle = pool_start(pool, forty_two, pool_gate_name(&gate));
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };
    CU_ASSERT(fd.fd >= 0);
    PROCSPAWN_CUNIT_EQUAL(poll(&fd, 1, 0), 0);
    pool_gate_open(&gate);
    PROCSPAWN_CUNIT_EQUAL(poll(&fd, 1, 20000), 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_active_count(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 42);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

static void bad_calls_are_refused(void)
{
    procspawn_pool *pool = NULL;
    procspawn_handle *handle = NULL;
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_new(0, &pool), -EINVAL);
    procspawn_pool_builder_minimum(builder, 3, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(builder, &pool), -EINVAL);
    procspawn_pool_builder_minimum(builder, 1, 0);
    procspawn_builder_stdout(procspawn_pool_builder_process(builder), PROCSPAWN_STDIO_PIPE, -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(builder, &pool), -EINVAL);
    CU_ASSERT(pool == NULL);
    procspawn_pool_builder_free(builder);
    pool = pool_make(1);
    json_t *loop = json_array();
    json_array_append(loop, loop);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn_deadline(pool, -1, calls_echo, NULL, &handle),
                          -EINVAL);
    CU_ASSERT(handle == NULL);
    json_decref(loop);
    procspawn_pool_free(pool);
    procspawn_pool_free(NULL);
}

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

static void all_workers_killed_at_once_are_replaced(void)
{
    enum { WORKERS = 8 };
    procspawn_pool *pool = pool_make(WORKERS);
    procspawn_handle *handles[2 * WORKERS];
    struct pool_gate gate;
    pid_t pids[WORKERS];

    pool_gate_make(&gate);
    for (int i = 0; i < 2 * WORKERS; i++)
        handles[i] = pool_start(pool, forty_two, pool_gate_name(&gate));
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

/* ---- kills and deadlines ---- */

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

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn_deadline(pool, 300 * CALLS_MS, calls_hang, NULL,
                                                        &running), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn_deadline(pool, 30 * CALLS_MS, calls_echo, NULL,
                                                        &queued), 0);
    procspawn_handle *patient = pool_start(pool, calls_echo, json_integer(4));
    calls_check_error(calls_error(queued), PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_NONE);
    procspawn_error *error = calls_error(running);
    CU_ASSERT(procspawn_error_is_timeout(error));
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_DEADLINE);
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

    procspawn_builder_deadline(procspawn_pool_builder_process(builder), 200 * CALLS_MS);
    procspawn_pool *pool = pool_build(builder);
    calls_check_error(calls_error(pool_start(pool, stop, NULL)), PROCSPAWN_ERROR_TIMED_OUT,
                      PROCSPAWN_CAUSE_DEADLINE);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
}

static void a_deadline_kept_is_forgotten(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = NULL;
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn_deadline(pool, 100 * CALLS_MS, calls_echo, NULL,
                                                        &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
    handle = pool_start(pool, calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 300 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pid(handle), pid);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

/* ---- the pool as a whole ---- */

static void joining_waits_until_idle(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *handles[4];
    struct pool_gate gate;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(pool), 0);
    pool_gate_make(&gate);
    for (int i = 0; i < 4; i++)
        handles[i] = pool_start(pool, forty_two, pool_gate_name(&gate));
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
        handles[i] = pool_start(pool, forty_two, pool_gate_name(&gate));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown_timeout(pool, 20 * CALLS_MS), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), -ESHUTDOWN);
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
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), -ESHUTDOWN);
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

static void a_pool_that_cannot_start_workers_fails(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);
    procspawn_handle *late = NULL;
    procspawn_error *cause = NULL;

    procspawn_pool_builder_pre_exec(builder, refuse, NULL);
    procspawn_pool_builder_attempts(builder, 3);
    procspawn_pool *pool = pool_build(builder);
    procspawn_handle *queued = pool_start(pool, calls_echo, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &cause), -ENODATA);
    procspawn_error *error = calls_error(queued);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), EPERM);
    calls_check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), PROCSPAWN_EPOOL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(pool, &cause), 0);
    calls_check_error(cause, PROCSPAWN_ERROR_SETUP, PROCSPAWN_CAUSE_NONE);
    procspawn_pool_free(pool);
}

/* ---- plans ---- */

static void workers_are_recycled_after_calls(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_recycle_after_calls(builder, 3);
    procspawn_pool *pool = pool_build(builder);
    for (int i = 0; i < 9; i++)
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), i % 3 + 1);
    procspawn_pool_free(pool);
}

static json_t *grow(json_t *argument)
{
    size_t size = (size_t)json_integer_value(argument);
    static char *volatile memory;

    memory = malloc(size + 1);
    memset(memory, 1, size + 1);
    return pool_count(argument);
}

static void workers_are_recycled_above_bytes(void)
{
    enum { LIMIT = 64 << 20 };
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_recycle_above_bytes(builder, LIMIT);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, grow, json_integer(0)), 1);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, grow, json_integer(LIMIT)), 2);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, grow, json_integer(0)), 1);
    procspawn_pool_free(pool);
}

static void pools_grow_and_shrink(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(3);
    procspawn_handle *handles[4];
    struct pool_gate gate;
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;

    procspawn_pool_builder_minimum(builder, 0, 20 * CALLS_MS);
    procspawn_pool *pool = pool_build(builder);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 0);
    pool_gate_make(&gate);
    for (int i = 0; i < 4; i++)
        handles[i] = pool_start(pool, forty_two, pool_gate_name(&gate));
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 3);
    for (int i = 0; i < 3; i++)
        pool_await_start(handles[i]);
    pool_gate_open(&gate);
    for (int i = 0; i < 4; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handles[i]), 42);
    while (procspawn_pool_size(pool) > 0 && calls_now() < deadline)
        poll(NULL, 0, 5);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(pool), 0);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, pool_count, NULL), 1);
    procspawn_pool_free(pool);
    pool_gate_remove(&gate);
}

static json_t *say(json_t *argument)
{
    printf("%s", json_string_value(argument));
    fprintf(stderr, "not %s", json_string_value(argument));
    return NULL;
}

static void check_stream(int fd, const char *text)
{
    char buffer[64] = "";

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT(read(fd, buffer, sizeof buffer - 1) >= 0);
    CU_ASSERT_STRING_EQUAL(buffer, text);
}

static void what_calls_write_is_kept_apart(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_pool_builder_capture_stdout(builder, true);
    procspawn_pool_builder_capture_stderr(builder, true);
    procspawn_pool *pool = pool_build(builder);
    procspawn_handle *first = pool_start(pool, say, json_string("first"));
    procspawn_handle *second = pool_start(pool, say, json_string("second"));
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(second, NULL, NULL), PROCSPAWN_ECALL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join(first, NULL, NULL), PROCSPAWN_ECALL);
    check_stream(procspawn_stdout(first), "first");
    check_stream(procspawn_stderr(first), "not first");
    check_stream(procspawn_stdout(second), "second");
    check_stream(procspawn_stderr(second), "not second");
    procspawn_handle_free(first);
    procspawn_handle_free(second);
    procspawn_pool_free(pool);
}

static json_t *get_variable(json_t *argument)
{
    const char *value = getenv(json_string_value(argument));
    return value ? json_string(value) : json_null();
}

static void workers_have_the_environment_of_the_build(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    setenv("POOL_OUTER", "before", 1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_env(builder, "POOL_INNER", "inner"), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_env_remove(builder, "HOME"), 0);
    procspawn_pool *pool = pool_build(builder);
    setenv("POOL_OUTER", "after", 1);
    calls_check_text(calls_result(pool_start(pool, get_variable, json_string("POOL_INNER"))),
                     "inner");
    calls_check_text(calls_result(pool_start(pool, get_variable, json_string("POOL_OUTER"))),
                     "before");
    CU_ASSERT(json_is_null(calls_result(pool_start(pool, get_variable, json_string("HOME")))));
    procspawn_pool_free(pool);
    unsetenv("POOL_OUTER");
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
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, -1, NULL), 0);
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
    procspawn_handle *running = pool_start(pool, forty_two, pool_gate_name(&gate));
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

static long resident_pages(pid_t pid)
{
    char path[32];
    long size, resident = -1;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = -1;
    if (file)
        fclose(file);
    return resident;
}

static void run_calls(procspawn_pool *pool, int count)
{
    for (int i = 0; i < count; i++) {
        procspawn_handle *handle = NULL;
        json_t *argument = json_integer(i), *result = NULL;
        int rc = procspawn_pool_spawn(pool, calls_echo, argument, &handle);
        if (rc == 0)
            rc = procspawn_join(handle, &result, NULL);
        if (rc != 0 || json_integer_value(result) != i)
            CU_FAIL_FATAL("a call went wrong");
        json_decref(argument);
        json_decref(result);
        procspawn_handle_free(handle);
    }
}

static void a_hundred_thousand_calls_cost_nothing_lasting(void)
{
#ifdef __SANITIZE_ADDRESS__
    /* What the sanitizer keeps from being used again grows up to a bound of its own. */
    enum { FIRST = 1000, CALLS = 10000, PAGES = 1 << 16 };
#else
    enum { FIRST = 1000, CALLS = 100000, PAGES = 64 };
#endif
    procspawn_pool *pool = pool_make(1);
    pid_t worker = (pid_t)pool_number(pool, calls_pid, NULL);

    run_calls(pool, FIRST);
    long own = resident_pages(getpid()), its = resident_pages(worker);
    unsigned descriptors = calls_descriptors();
    run_calls(pool, CALLS);
    CU_ASSERT(resident_pages(getpid()) <= own + PAGES);
    CU_ASSERT(resident_pages(worker) <= its + PAGES);
    PROCSPAWN_CUNIT_EQUAL(calls_descriptors(), descriptors);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_pid, NULL), worker);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo seed_tests[] = {
    TEST(test_basic), TEST(test_overload), TEST(test_timeout), CU_TEST_INFO_NULL,
};

static CU_TestInfo call_tests[] = {
    TEST(values_of_any_size_come_back),
    TEST(a_worker_keeps_its_state),
    TEST(calls_may_be_joined_in_any_order),
    TEST(a_finished_call_frees_its_worker),
    TEST(dropped_calls_do_not_hurt),
    TEST(a_large_third_call_waits_for_nobody),
    TEST(patience_is_no_deadline),
    TEST(a_second_join_says_so),
    TEST(a_descriptor_tells_of_the_end),
    TEST(bad_calls_are_refused),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo break_tests[] = {
    TEST(bad_results_leave_the_worker),
    TEST(a_panic_costs_only_its_call),
    TEST(a_crash_costs_only_its_call),
    TEST(a_worker_without_descriptors_is_replaced),
    TEST(an_idle_worker_killed_costs_no_call),
    TEST(a_running_worker_killed_costs_its_call),
    TEST(all_workers_killed_at_once_are_replaced),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo end_tests[] = {
    TEST(a_queued_call_killed_is_cancelled),
    TEST(a_kill_never_hits_the_next_call),
    TEST(an_ended_call_cannot_be_killed),
    TEST(deadlines_hold_in_the_queue_and_in_a_worker),
    TEST(a_stopped_worker_meets_its_deadline),
    TEST(a_deadline_kept_is_forgotten),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo whole_tests[] = {
    TEST(joining_waits_until_idle),
    TEST(shutting_down_ends_what_is_queued_first),
    TEST(killing_tells_queued_from_running),
    TEST(handles_outlive_their_pool),
    TEST(the_end_of_everything_ends_pools),
    TEST(a_pool_that_cannot_start_workers_fails),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo plan_tests[] = {
    TEST(workers_are_recycled_after_calls),
    TEST(workers_are_recycled_above_bytes),
    TEST(pools_grow_and_shrink),
    TEST(what_calls_write_is_kept_apart),
    TEST(workers_have_the_environment_of_the_build),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo large_tests[] = {
    TEST(pools_nest),
    TEST(a_pool_ends_with_its_process),
    TEST(a_cancelled_joiner_harms_nothing),
    TEST(many_threads_share_a_pool),
    TEST(a_hundred_thousand_calls_cost_nothing_lasting),
    CU_TEST_INFO_NULL,
};

#define SUITE(name, table) \
    { .pName = name, .pSetUpFunc = calls_begin, .pTearDownFunc = calls_end, .pTests = table }

static CU_SuiteInfo suites[] = {
    SUITE("procspawn_pool", seed_tests),
    SUITE("calls", call_tests),
    SUITE("what_breaks", break_tests),
    SUITE("kills_and_deadlines", end_tests),
    SUITE("the_whole", whole_tests),
    SUITE("plans", plan_tests),
    SUITE("at_large", large_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
