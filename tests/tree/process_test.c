/*
 * process_test.c - what a scope says of its tasks holds for processes and pools
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/tree_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <unistd.h>

/* ---- what a scope says of its tasks holds for processes ---- */

/* A root with options and a scope in it cannot be had by one call; this opens both. */
static scoped_spawner open_scope(const struct scoped_options *options, scoped_spawner *ret_root)
{
    scoped_spawner scope = { 0, 0 };

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, ret_root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_scope_open(*ret_root, options, &scope), 0);
    return scope;
}

static void close_root(scoped_spawner root)
{
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    calls_end();
}

static void spawn_named(scoped_spawner scope, const char *name, procspawn_function *function)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_name(builder, name);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    CU_ASSERT_EQUAL(scoped_procspawn(scope, builder, function, NULL, NULL), 0);
    procspawn_builder_free(builder);
}

static void the_first_failure_of_a_process_cancels_the_rest(void)
{
    const struct scoped_options options = { .policy = &scoped_fail_fast };
    struct scoped_outcome outcome = { 0 };
    scoped_spawner root, scope = open_scope(&options, &root);

    for (int i = 0; i < 3; i++)
        spawn_named(scope, "patient", calls_hang);
    spawn_named(scope, "culprit", tree_crash);
    CU_ASSERT_EQUAL_FATAL(scoped_close(scope, SCOPED_FOREVER, &outcome), PROCSPAWN_ECALL);
    CU_ASSERT_EQUAL(outcome.status, PROCSPAWN_ECALL);
    CU_ASSERT_EQUAL(outcome.failed, 1);
    CU_ASSERT_EQUAL(outcome.cancelled, 3);
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->name, "culprit");
    scoped_outcome_fini(&outcome);
    close_root(root);
}

static void the_first_success_of_a_process_cancels_the_rest(void)
{
    const struct scoped_options options = { .policy = &scoped_first_success };
    struct scoped_outcome outcome = { 0 };
    scoped_spawner root, scope = open_scope(&options, &root);

    spawn_named(scope, "patient", calls_hang);
    spawn_named(scope, "winner", tree_give_null);
    CU_ASSERT_EQUAL_FATAL(scoped_close(scope, SCOPED_FOREVER, &outcome), 0);
    CU_ASSERT_EQUAL(outcome.status, 0);
    CU_ASSERT_EQUAL(outcome.succeeded, 1);
    CU_ASSERT_EQUAL(outcome.cancelled, 1);
    scoped_outcome_fini(&outcome);
    close_root(root);
}

static void the_deadline_of_a_scope_ends_its_processes(void)
{
    const struct scoped_options options = { .until = forkscope_after(CALLS_SECOND / 20) };
    struct scoped_outcome outcome = { 0 };
    scoped_spawner root, scope = open_scope(&options, &root);
    procspawn_handle *handle;

    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(scope, NULL, calls_hang, NULL, &handle), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_close(scope, SCOPED_FOREVER, &outcome), -ETIME);
    CU_ASSERT_EQUAL(outcome.status, -ETIME);
    CU_ASSERT_EQUAL(outcome.cancelled, 1);
    CU_ASSERT(!tree_exists(procspawn_pid(handle)));
    procspawn_handle_free(handle);
    scoped_outcome_fini(&outcome);
    close_root(root);
}

/* How long the end takes of a process that does not listen. */
static int64_t time_of_end(const struct scoped_options *options)
{
    procspawn_builder *builder = procspawn_builder_new();
    scoped_spawner root, scope = open_scope(options, &root);
    procspawn_handle *handle;
    char ready;

    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(scope, builder, tree_ignore_term, NULL, &handle), 0);
    CU_ASSERT_EQUAL(read(procspawn_stdout(handle), &ready, 1), 1);
    int64_t begin = forkscope_after(0);
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    int64_t took = forkscope_after(0) - begin;
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    calls_end();
    return took;
}

static void a_process_has_the_grace_of_its_scope(void)
{
    const struct scoped_options short_grace = { .grace = CALLS_SECOND / 10 };
    int64_t took = time_of_end(&short_grace);

    CU_ASSERT(took >= CALLS_SECOND / 10);
    CU_ASSERT(took < 3 * CALLS_SECOND / 2);
}

static void a_limit_of_a_scope_counts_processes(void)
{
    const struct scoped_options options = { .max_tasks = 2 };
    scoped_spawner root, scope = open_scope(&options, &root);
    procspawn_handle *first, *second_one, *third;

    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(scope, NULL, calls_hang, NULL, &first), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(scope, NULL, tree_give_null, NULL, &second_one), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(scope, NULL, tree_give_null, NULL, &third), 0);
    CU_ASSERT_EQUAL(procspawn_wait_timeout(second_one, 0, NULL), 0);
    CU_ASSERT_EQUAL(procspawn_join(third, NULL, NULL), 0);
    procspawn_handle_free(first);
    procspawn_handle_free(second_one);
    procspawn_handle_free(third);
    close_root(root);
}

static int start_when_cancelled(scoped_spawner self, void *ret_handle)
{
    const struct scoped_options options = { .max_tasks = 1 };
    scoped_spawner limited;
    CU_ASSERT_EQUAL(scoped_scope_open(self, &options, &limited), 0);
    CU_ASSERT_EQUAL(scoped_cancel(self), 0);
    return scoped_procspawn(limited, NULL, tree_give_null, NULL, ret_handle);
}

/* Only waiting for room is a cancellation point. */
static void a_cancelled_task_starts_a_process_where_there_is_room(void)
{
    struct scoped_parent_signals signals;
    procspawn_handle *handle = NULL;
    scoped_spawner root;
    int status = 1;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(
        scoped_spawn_with_signal(root, start_when_cancelled, &handle, NULL, &signals), 0);
    CU_ASSERT_EQUAL(scoped_done_receiver_wait(signals.done_receiver), 0);
    CU_ASSERT_EQUAL(scoped_done_receiver_status(signals.done_receiver, &status), 0);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_PTR_NOT_NULL(handle);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    procspawn_handle_free(handle);
    close_root(root);
}

static void a_process_has_signals_as_a_task_has(void)
{
    struct scoped_parent_signals signals;
    procspawn_handle *handle;
    scoped_spawner root;
    int status = 0;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn_with_signal(root, NULL, calls_hang, NULL, &handle,
                                                       &signals),
                          0);
    CU_ASSERT_EQUAL(scoped_done_receiver_poll(signals.done_receiver), -EAGAIN);
    scoped_cancel_sender_free(signals.cancel_sender);
    CU_ASSERT_EQUAL(scoped_done_receiver_wait(signals.done_receiver), 0);
    CU_ASSERT_EQUAL(scoped_done_receiver_status(signals.done_receiver, &status), 0);
    CU_ASSERT_EQUAL(status, -ECANCELED);
    CU_ASSERT(!tree_exists(procspawn_pid(handle)));
    scoped_done_receiver_free(signals.done_receiver);
    procspawn_handle_free(handle);
    close_root(root);
}

/* ---- pools ---- */

static procspawn_pool *open_pool(scoped_spawner spawner)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(2);
    procspawn_pool *pool = NULL;

    CU_ASSERT_EQUAL_FATAL(scoped_procspawn_pool(spawner, builder, &pool), 0);
    procspawn_pool_builder_free(builder);
    return pool;
}

static json_t *own_pid(json_t *unused)
{
    (void)unused;
    return json_integer(getpid());
}

static pid_t pid_of_worker(procspawn_pool *pool)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    CU_ASSERT_EQUAL_FATAL(procspawn_pool_spawn(pool, own_pid, NULL, &handle), 0);
    CU_ASSERT_EQUAL(procspawn_join(handle, &result, NULL), 0);
    procspawn_handle_free(handle);
    pid_t pid = (pid_t)json_integer_value(result);
    json_decref(result);
    return pid;
}

static void a_pool_ends_with_its_scope(void)
{
    procspawn_handle *running;
    procspawn_error *error;
    scoped_spawner root;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    procspawn_pool *pool = open_pool(root);
    pid_t pid = pid_of_worker(pool);
    CU_ASSERT_EQUAL_FATAL(procspawn_pool_spawn(pool, calls_hang, NULL, &running), 0);
    CU_ASSERT(tree_exists(pid));
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    CU_ASSERT(!tree_exists(pid));
    CU_ASSERT_EQUAL(procspawn_join(running, NULL, &error), PROCSPAWN_ECALL);
    procspawn_error_free(error);
    procspawn_handle_free(running);
    CU_ASSERT_EQUAL(procspawn_pool_spawn(pool, own_pid, NULL, &running), PROCSPAWN_ESHUTDOWN);
    procspawn_pool_free(pool);
    calls_end();
}

static void a_pool_that_has_ended_holds_up_nobody(void)
{
    struct scoped_outcome outcome = { 0 };
    scoped_spawner root, scope = open_scope(NULL, &root);
    procspawn_pool *shut = open_pool(scope), *freed = open_pool(scope);

    pid_of_worker(shut);
    CU_ASSERT_EQUAL(procspawn_pool_shutdown(shut), 0);
    procspawn_pool_free(freed);
    CU_ASSERT_EQUAL_FATAL(scoped_close(scope, SCOPED_FOREVER, &outcome), 0);
    CU_ASSERT_EQUAL(outcome.succeeded, 2);
    scoped_outcome_fini(&outcome);
    procspawn_pool_free(shut);
    close_root(root);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_first_failure_of_a_process_cancels_the_rest),
    TEST(the_first_success_of_a_process_cancels_the_rest),
    TEST(the_deadline_of_a_scope_ends_its_processes),
    TEST(a_process_has_the_grace_of_its_scope),
    TEST(a_limit_of_a_scope_counts_processes),
    TEST(a_cancelled_task_starts_a_process_where_there_is_room),
    TEST(a_process_has_signals_as_a_task_has),
    TEST(a_pool_ends_with_its_scope),
    TEST(a_pool_that_has_ended_holds_up_nobody),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "tree", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
