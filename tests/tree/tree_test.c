/*
 * tree_test.c - processes as children of scopes, and scopes inside processes
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/tree_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void a_process_in_a_scope_gives_its_result(void)
{
    json_t *argument = json_string("through the tree"), *result = NULL;
    procspawn_handle *handle;
    scoped_spawner root;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, NULL, calls_echo, argument, &handle), 0);
    CU_ASSERT_EQUAL(procspawn_join(handle, &result, NULL), 0);
    CU_ASSERT(json_equal(argument, result));
    CU_ASSERT_EQUAL(procspawn_wait_timeout(handle, -1, NULL), 0);
    json_decref(result);
    json_decref(argument);
    procspawn_handle_free(handle);
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    calls_end();
}

static void closing_a_scope_ends_its_processes_and_waits_until_they_are_reaped(void)
{
    enum { COUNT = 8 };
    procspawn_handle *handles[COUNT];
    scoped_spawner root;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    for (int i = 0; i < COUNT; i++)
        CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, NULL, calls_hang, NULL, &handles[i]), 0);
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    for (int i = 0; i < COUNT; i++) {
        procspawn_error *error;
        CU_ASSERT(!tree_exists(procspawn_pid(handles[i])));
        CU_ASSERT_EQUAL_FATAL(procspawn_join(handles[i], NULL, &error), PROCSPAWN_ECALL);
        CU_ASSERT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_KILLED);
        procspawn_error_free(error);
        procspawn_handle_free(handles[i]);
    }
    calls_end();
}

static void a_process_whose_handle_is_freed_stays_in_its_scope(void)
{
    scoped_spawner root;
    procspawn_handle *handle;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, NULL, calls_hang, NULL, &handle), 0);
    pid_t pid = procspawn_pid(handle);
    procspawn_handle_free(handle);
    CU_ASSERT(tree_exists(pid));
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    CU_ASSERT(!tree_exists(pid));
    calls_end();
}

static void a_process_that_does_not_listen_is_killed_after_its_grace(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle;
    procspawn_error *error;
    scoped_spawner root;
    char ready;

    calls_begin();
    procspawn_builder_grace(builder, CALLS_SECOND / 20);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, builder, tree_ignore_term, NULL, &handle), 0);
    CU_ASSERT_EQUAL(read(procspawn_stdout(handle), &ready, 1), 1);
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    CU_ASSERT_EQUAL_FATAL(procspawn_join(handle, NULL, &error), PROCSPAWN_ECALL);
    CU_ASSERT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_KILLED);
    CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGKILL);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    calls_end();
}

static json_t *leave_when_asked(json_t *unused)
{
    struct pollfd fd = { .events = POLLIN };

    (void)unused;
    if (procspawn_end_fd(&fd.fd) < 0)
        procspawn_panic("no descriptor");
    (void)!write(STDOUT_FILENO, "r", 1);
    poll(&fd, 1, -1);
    return json_string("left in order");
}

static void a_process_that_is_asked_to_end_can_leave_in_order(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_handle *handle;
    json_t *result = NULL;
    scoped_spawner root;
    char ready;

    calls_begin();
    procspawn_builder_grace(builder, 30 * CALLS_SECOND);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, builder, leave_when_asked, NULL, &handle), 0);
    CU_ASSERT_EQUAL(read(procspawn_stdout(handle), &ready, 1), 1);
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    CU_ASSERT_EQUAL(procspawn_join(handle, &result, NULL), 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(result), "left in order");
    json_decref(result);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    calls_end();
}

static int join_hanging_call(scoped_spawner self, void *pid)
{
    procspawn_handle *handle;
    int rc = scoped_procspawn(self, NULL, calls_hang, NULL, &handle);

    if (rc < 0)
        return rc;
    *(pid_t *)pid = procspawn_pid(handle);
    pthread_cleanup_push((void (*)(void *))procspawn_handle_free, handle);
    rc = procspawn_join(handle, NULL, NULL);
    pthread_cleanup_pop(1);
    return rc;
}

static void cancelling_a_task_ends_the_process_it_joins(void)
{
    struct scoped_parent_signals signals;
    scoped_spawner root;
    pid_t pid = 0;
    int status = 0;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_spawn_with_signal(root, join_hanging_call, &pid, NULL, &signals),
                          0);
    scoped_cancel_sender_free(signals.cancel_sender);
    CU_ASSERT_EQUAL(scoped_done_receiver_wait(signals.done_receiver), 0);
    CU_ASSERT_EQUAL(scoped_done_receiver_status(signals.done_receiver, &status), 0);
    CU_ASSERT_EQUAL(status, -ECANCELED);
    CU_ASSERT(pid == 0 || !tree_exists(pid));
    scoped_done_receiver_free(signals.done_receiver);
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    calls_end();
}

static void a_failed_call_leaves_its_scope_usable(void)
{
    procspawn_handle *handle;
    procspawn_error *error;
    scoped_spawner root;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, NULL, tree_crash, NULL, &handle), 0);
        CU_ASSERT_EQUAL_FATAL(procspawn_join(handle, NULL, &error), PROCSPAWN_ECALL);
        CU_ASSERT_EQUAL(procspawn_error_signal(error), SIGSEGV);
        procspawn_error_free(error);
        procspawn_handle_free(handle);
    }
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    calls_end();
}

static int count_up(void *count)
{
    __atomic_add_fetch((int *)count, 1, __ATOMIC_RELAXED);
    return 0;
}

static int sleep_for_ever(void *unused)
{
    (void)unused;
    return scoped_sleep_until(SCOPED_FOREVER);
}

static json_t *run_tasks(json_t *unused)
{
    static int count;
    struct scoped_parent_signals signals;
    scoped_spawner root;

    (void)unused;
    if (procspawn_scope_root(&root) < 0)
        procspawn_panic("no root");
    for (int i = 0; i < 4; i++) {
        if (scoped_spawn_leaf_with_signal(root, count_up, &count, NULL, &signals) < 0)
            procspawn_panic("no task");
        scoped_done_receiver_wait(signals.done_receiver);
        scoped_done_receiver_free(signals.done_receiver);
        scoped_cancel_sender_forget(signals.cancel_sender);
    }
    scoped_spawn_leaf(root, sleep_for_ever, NULL, NULL);
    return json_integer(count);
}

static void the_tree_goes_on_inside_of_a_process(void)
{
    procspawn_handle *handle;
    json_t *result = NULL;
    scoped_spawner root;

    calls_begin();
    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, NULL, run_tasks, NULL, &handle), 0);
    CU_ASSERT_EQUAL(procspawn_join(handle, &result, NULL), 0);
    CU_ASSERT_EQUAL(json_integer_value(result), 4);
    json_decref(result);
    procspawn_handle_free(handle);
    CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
    calls_end();
}

static void there_is_no_inside_outside(void)
{
    scoped_spawner root;
    int fd;

    CU_ASSERT_EQUAL(procspawn_scope_root(&root), -EPERM);
    CU_ASSERT_EQUAL(procspawn_end_fd(&fd), -EPERM);
}

static void a_refused_spawner_leaves_no_process(void)
{
    scoped_spawner nobody = { 0, 0 };

    calls_begin();
    CU_ASSERT(scoped_procspawn(nobody, NULL, calls_hang, NULL, NULL) < 0);
    calls_end();
}

/* A cancel may come between the answer and word of it. */
static void a_cancelled_process_is_always_answered(void)
{
    enum { TIMES = 200 };
    scoped_spawner root;

    calls_begin();
    for (int i = 0; i < TIMES; i++) {
        procspawn_handle *handle;
        CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
        CU_ASSERT_EQUAL_FATAL(scoped_procspawn(root, NULL, tree_give_null, NULL, &handle), 0);
        int64_t until = forkscope_after(i * 2000);
        while (forkscope_after(0) < until)
            continue;
        CU_ASSERT_EQUAL(close_whatever(root, SCOPED_FOREVER), 0);
        CU_ASSERT(procspawn_join_timeout(handle, 0, NULL, NULL) != -ETIMEDOUT);
        procspawn_handle_free(handle);
    }
    calls_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_process_in_a_scope_gives_its_result),
    TEST(closing_a_scope_ends_its_processes_and_waits_until_they_are_reaped),
    TEST(a_process_whose_handle_is_freed_stays_in_its_scope),
    TEST(a_process_that_does_not_listen_is_killed_after_its_grace),
    TEST(a_process_that_is_asked_to_end_can_leave_in_order),
    TEST(cancelling_a_task_ends_the_process_it_joins),
    TEST(a_failed_call_leaves_its_scope_usable),
    TEST(the_tree_goes_on_inside_of_a_process),
    TEST(there_is_no_inside_outside),
    TEST(a_refused_spawner_leaves_no_process),
    TEST(a_cancelled_process_is_always_answered),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "tree", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
