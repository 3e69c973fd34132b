/*
 * limits_test.c - the time limits of a call in a process of its own
 */
#include "src/base/clock.h"
#include "src/call/process.h"
#include "src/client/control.h"
#include "src/wire/protocol.h"
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <forkscope/call.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static procspawn_builder *limited(int64_t run, int64_t total)
{
    procspawn_builder *builder = procspawn_builder_new();

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_run_limit(builder, run), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_total_limit(builder, total), 0);
    return builder;
}

static void check_timed_out(procspawn_handle *handle)
{
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
}

/* Waits, without receiving, until the process of a call is dead. */
static void check_dies(pid_t pid)
{
    struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

    if (end.fd < 0)
        return;
    PROCSPAWN_CUNIT_EQUAL(poll(&end, 1, 20000), 1);
    close(end.fd);
}

static void a_run_is_ended_at_its_limit_though_nobody_joins(void)
{
    procspawn_builder *builder = limited(50 * CALLS_MS, 0);
    int64_t start = calls_now();
    procspawn_handle *handle = calls_build(builder, calls_hang, NULL);

    check_dies(procspawn_pid(handle));
    CU_ASSERT(calls_now() - start >= 50 * CALLS_MS);
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    check_timed_out(handle);
    procspawn_builder_free(builder);
}

static void a_total_limit_does_it_too(void)
{
    procspawn_builder *builder = limited(0, 50 * CALLS_MS);
    procspawn_handle *handle = calls_build(builder, calls_hang, NULL);

    check_dies(procspawn_pid(handle));
    check_timed_out(handle);
    procspawn_builder_free(builder);
}

static int take_400_ms(void *unused)
{
    (void)unused;
    poll(NULL, 0, 400);
    return 0;
}

static void the_set_up_is_no_part_of_the_run(void)
{
    procspawn_builder *builder = limited(300 * CALLS_MS, 0);
    int64_t start = calls_now();

    procspawn_builder_pre_exec(builder, take_400_ms, NULL);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, calls_echo, json_integer(3))), 3);
    start = calls_now();
    check_timed_out(calls_build(builder, calls_hang, NULL));
    CU_ASSERT(calls_now() - start >= 700 * CALLS_MS);
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    procspawn_builder_free(builder);
}

static void but_it_is_part_of_the_total(void)
{
    procspawn_builder *builder = limited(0, 200 * CALLS_MS);

    procspawn_builder_pre_exec(builder, take_400_ms, NULL);
    check_timed_out(calls_build(builder, calls_echo, json_integer(3)));
    procspawn_builder_free(builder);
}

static int take_for_ever(void *unused)
{
    (void)unused;
    return pause();
}

/* Of the ten seconds that a set-up may take nothing is left here. */
static void a_child_that_never_begins_is_ended_too(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_pre_exec(builder, take_for_ever, NULL);
    procspawn_handle *handle = calls_build(builder, calls_echo, NULL);
    const struct procspawn__process *process = (const struct procspawn__process *)(void *)handle;
    PROCSPAWN_CUNIT_EQUAL(procspawn__client_limit(&process->child, WIRE_LIMIT_RUN,
                                                  base__deadline(200 * CALLS_MS), 100 * CALLS_MS,
                                                  BASE_NEVER), 0);
    check_timed_out(handle);
    procspawn_builder_free(builder);
}

static json_t *close_all_and_hang(json_t *argument)
{
    syscall(SYS_close_range, 0U, ~0U, 0U);
    return calls_hang(argument);
}

static void a_function_cannot_take_its_begin_back(void)
{
    procspawn_builder *builder = limited(100 * CALLS_MS, 0);
    int64_t start = calls_now();

    check_timed_out(calls_build(builder, close_all_and_hang, NULL));
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    procspawn_builder_free(builder);
}

static void a_function_that_may_not_spawn_is_limited_too(void)
{
    procspawn_builder *builder = limited(100 * CALLS_MS, 0);
    int64_t start = calls_now();

    procspawn_builder_may_spawn(builder, false);
    check_timed_out(calls_build(builder, calls_hang, NULL));
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    procspawn_builder_free(builder);
}

static json_t *limit_a_call_below(json_t *argument)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    int64_t start = calls_now();

    (void)argument;
    procspawn_builder_run_limit(builder, 100 * CALLS_MS);
    procspawn_builder_spawn(builder, calls_hang, NULL, &handle);
    int rc = procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error);
    bool ended = rc == PROCSPAWN_ECALL && procspawn_error_is_timeout(error) &&
                 calls_now() - start < 5 * CALLS_SECOND;
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    return json_boolean(ended);
}

static void nested_calls_are_limited_too(void)
{
    json_t *result = calls_result(calls_start(limit_a_call_below, NULL));

    CU_ASSERT(json_is_true(result));
    json_decref(result);
}

/* All children that wait ahead of need take nothing until they are killed. */
static void stop_spares(void)
{
    struct calls_tree tree = { 0 };

    calls_tree_open(&tree, calls_root());
    for (unsigned i = 0; i < tree.count; i++) {
        if (calls_status(tree.pid[i], "PPid:") != calls_root())
            calls_stop(tree.pid[i]);
    }
    calls_tree_close(&tree);
}

/* Its channel was shut down when the first process died, and its function has not begun. */
static void a_run_in_another_process_begins_there(void)
{
    procspawn_builder *builder = limited(300 * CALLS_MS, 0);
    int64_t start = calls_now();

    procspawn_builder_pre_exec(builder, take_400_ms, NULL);
    for (int i = 0; i < 2; i++) {
        stop_spares();
        procspawn_handle *handle = calls_build(builder, i == 0 ? calls_echo : calls_hang, NULL);
        kill(procspawn_pid(handle), SIGKILL);
        if (i == 0)
            json_decref(calls_result(handle));
        else
            check_timed_out(handle);
    }
    CU_ASSERT(calls_now() - start < 8 * CALLS_SECOND);
    procspawn_builder_free(builder);
}

static void limits_of_one_call_go_before_those_of_the_builder(void)
{
    procspawn_builder *builder = limited(100 * CALLS_MS, 0);
    const struct procspawn_call_options shorter = { .run_limit = 50 * CALLS_MS };
    const struct procspawn_call_options longer = { .builder = builder,
                                                   .run_limit = 20 * CALLS_SECOND };
    procspawn_handle *handle = NULL;
    int64_t start = calls_now();

    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&shorter, calls_hang, NULL, &handle), 0);
    check_timed_out(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&longer, calls_hang, NULL, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 500 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    CU_ASSERT(calls_now() - start < 8 * CALLS_SECOND);
    procspawn_builder_free(builder);
}

static void a_negative_limit_is_refused_and_changes_nothing(void)
{
    procspawn_builder *builder = limited(0, 0);

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_run_limit(builder, -1), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_total_limit(builder, -1), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, calls_echo, json_integer(5))), 5);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_run_limit(builder, INT64_MAX), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_total_limit(builder, INT64_MAX), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_build(builder, calls_echo, json_integer(6))), 6);
    procspawn_builder_free(builder);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_run_is_ended_at_its_limit_though_nobody_joins),
    TEST(a_total_limit_does_it_too),
    TEST(the_set_up_is_no_part_of_the_run),
    TEST(but_it_is_part_of_the_total),
    TEST(a_child_that_never_begins_is_ended_too),
    TEST(a_function_cannot_take_its_begin_back),
    TEST(a_function_that_may_not_spawn_is_limited_too),
    TEST(nested_calls_are_limited_too),
    TEST(a_run_in_another_process_begins_there),
    TEST(limits_of_one_call_go_before_those_of_the_builder),
    TEST(a_negative_limit_is_refused_and_changes_nothing),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { CALLS_SUITE("limits", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
