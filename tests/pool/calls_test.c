/*
 * calls_test.c - calls through a pool: procspawn's own tests by their names, and what is promised
 * for each call
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/bytes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

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

static void test_timeout(void)
{
    procspawn_pool *pool = pool_make(2);
    procspawn_handle *handle = pool_start(pool, calls_hang, NULL);
    struct pool_gate gate;

    pool_gate_make(&gate);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 100 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    procspawn_handle_free(handle);
    handle = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
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

/* The argument may be changed and freed while the call waits in the queue. */
static void a_queued_call_sends_what_it_was_given(void)
{
    static const size_t sizes[] = { 10, 5000, LARGE };
    procspawn_pool *pool = pool_make(1);
    struct pool_gate gate;

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *bytes = calloc(sizes[i], 1);
        memset(bytes, '\xff', sizes[i] - 1);
        json_t *text = large_text(), *value = procspawn_value_bytes_take(bytes, sizes[i]);
        json_t *argument = json_pack("[O, o]", value, text), *expected = json_deep_copy(argument);
        pool_gate_make(&gate);
        procspawn_handle *first = pool_start(pool, pool_wait_at_gate, pool_gate_name(&gate));
        procspawn_handle *second = pool_start(pool, calls_echo, json_incref(argument));
        CU_ASSERT_EQUAL(json_string_set(text, "changed"), 0);
        json_decref(argument);
        json_decref(value);
        pool_gate_open(&gate);
        json_decref(calls_result(first));
        json_t *result = calls_result(second);
        CU_ASSERT_TRUE(json_equal(result, expected));
        json_decref(result);
        json_decref(expected);
        pool_gate_remove(&gate);
    }
    procspawn_pool_free(pool);
}

static json_t *bytes_of_this_process(json_t *argument)
{
    json_t *value = json_deep_copy(argument);

    json_array_append_new(value, procspawn_value_bytes("\xff", 1));
    return value;
}

static void bytes_come_back_from_workers(void)
{
    enum { CALLS = 12 };
    procspawn_pool *pool = pool_make(3);
    procspawn_handle *handles[CALLS];

    for (size_t i = 0; i < CALLS; i++) {
        json_t *bytes = procspawn_value_bytes_take(calloc(i * 60000 + 1, 1), i * 60000);
        handles[i] = pool_start(pool, bytes_of_this_process, json_pack("[o]", bytes));
    }
    for (size_t i = 0; i < CALLS; i++) {
        json_t *result = calls_result(handles[i]);
        CU_ASSERT_EQUAL(procspawn_bytes_length(json_array_get(result, 0)), i * 60000);
        CU_ASSERT_EQUAL(procspawn_bytes_length(json_array_get(result, 1)), 1);
        json_decref(result);
    }
    procspawn_pool_free(pool);
}

static void patience_is_no_deadline(void)
{
    procspawn_pool *pool = pool_make(1);
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *running = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
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
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, -1, &usage), -ENOTSUP);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pid(handle), 0);
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
}

static void a_descriptor_tells_of_the_end(void)
{
    procspawn_pool *pool = pool_make(1);
    struct pool_gate gate;

    pool_gate_make(&gate);
    procspawn_handle *handle = pool_start(pool, pool_forty_two, pool_gate_name(&gate));
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
    procspawn_builder_stdout(procspawn_pool_builder_process(builder),
                             (enum procspawn_stdio)(PROCSPAWN_STDIO_FD + 1), -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(builder, &pool), -EINVAL);
    CU_ASSERT(pool == NULL);
    procspawn_pool_builder_free(builder);
    pool = pool_make(1);
    json_t *loop = json_array();
    json_array_append(loop, loop);
    PROCSPAWN_CUNIT_EQUAL(pool_spawn_limited(pool, -1, calls_echo, NULL, &handle),
                          -EINVAL);
    CU_ASSERT(handle == NULL);
    json_decref(loop);
    procspawn_pool_free(pool);
}

static void a_pool_of_null_is_refused(void)
{
    procspawn_error *error = NULL;
    procspawn_pool *pool = NULL;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(NULL, &pool), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_size(NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_queued_count(NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_active_count(NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_wait_room(NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_room_fd(NULL, &fd), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_join(NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_failure(NULL, &error), -EINVAL);
    procspawn_pool_kill(NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(NULL, 0), 0);
    procspawn_pool_free(NULL);
    CU_ASSERT(!pool && !error && fd == -1);
}

static void a_deadline_below_nothing_is_none(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_pool *pool;
    procspawn_handle *handle;

    procspawn_builder_total_limit(procspawn_pool_builder_process(builder), -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_build(builder, &pool), 0);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, calls_echo, json_true(), &handle) == 0);
    json_decref(calls_result(handle));
    procspawn_pool_free(pool);
    procspawn_pool_builder_free(builder);
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
    TEST(a_queued_call_sends_what_it_was_given),
    TEST(bytes_come_back_from_workers),
    TEST(patience_is_no_deadline),
    TEST(a_second_join_says_so),
    TEST(a_descriptor_tells_of_the_end),
    TEST(bad_calls_are_refused),
    TEST(a_pool_of_null_is_refused),
    TEST(a_deadline_below_nothing_is_none),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("procspawn_pool", seed_tests),
    CALLS_SUITE("calls", call_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
