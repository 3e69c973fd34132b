/*
 * remote_test.c - raw tasks: nodes that another thread runs or ends
 */
#include "tests/support/scope_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <poll.h>
#include <pthread.h>

static struct scoped_child_signals child;
static struct scoped_parent_signals parent;

static int block(void *arg)
{
    (void)arg;
    block_for_ever();
    return 0;
}

static int spawn_one(scoped_spawner self, void *status)
{
    log_letter('f');
    CU_ASSERT(scoped_spawn_leaf(self, block, NULL, log_child_done) == 0);
    return (int)(intptr_t)status;
}

static void *run_remotely(void *status)
{
    int error = remote_scope_run(child, spawn_one, status, log_done);
    return (void *)(intptr_t)error;
}

static void a_foreign_thread_goes_through_all_phases(void)
{
    pthread_t thread;
    void *result;
    int status = 0;
    CU_ASSERT_FATAL(remote_spawner_spawn_raw_with_signal(root, &parent, &child) == 0);
    pthread_create(&thread, NULL, run_remotely, (void *)7);
    CU_ASSERT(scoped_done_receiver_wait_until(parent.done_receiver, soon()) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "fkd");
    CU_ASSERT(scoped_done_receiver_status(parent.done_receiver, &status) == 0 && status == 7);
    pthread_join(thread, &result);
    CU_ASSERT((intptr_t)result == 7);
    scoped_cancel_sender_free(parent.cancel_sender);
    scoped_done_receiver_free(parent.done_receiver);
}

static int until_asked(void *arg)
{
    (void)arg;
    event_happen(started);
    int error = scoped_sleep_until(SCOPED_FOREVER);
    log_letter(error == -ECANCELED ? 'a' : '?');
    return 8;
}

static void *run_leaf_remotely(void *arg)
{
    return (void *)(intptr_t)remote_scope_run_leaf(child, until_asked, arg, log_done);
}

static void cancelling_a_foreign_thread_only_asks(void)
{
    pthread_t thread;
    void *result;
    CU_ASSERT_FATAL(remote_spawner_spawn_raw_with_signal(root, &parent, &child) == 0);
    pthread_create(&thread, NULL, run_leaf_remotely, NULL);
    CU_ASSERT(event_wait(started));
    scoped_cancel_sender_free(parent.cancel_sender);
    pthread_join(thread, &result);
    CU_ASSERT((intptr_t)result == 8);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ad");
    CU_ASSERT(scoped_done_receiver_poll(parent.done_receiver) == 0);
    scoped_done_receiver_free(parent.done_receiver);
}

static void cancelled_before_it_runs_only_done_is_called(void)
{
    CU_ASSERT_FATAL(remote_spawner_spawn_raw_with_signal(root, &parent, &child) == 0);
    scoped_cancel_sender_free(parent.cancel_sender);
    CU_ASSERT(remote_scope_run(child, spawn_one, NULL, log_done) == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    scoped_done_receiver_free(parent.done_receiver);
}

static void without_signals_it_is_a_root(void)
{
    struct scoped_child_signals none = { NULL, NULL };
    CU_ASSERT(remote_scope_run(none, spawn_one, (void *)3, log_done) == 3);
    CU_ASSERT_STRING_EQUAL(log_letters(), "fkd");
}

static void raw_signals_keep_the_parent_until_done(void)
{
    struct pollfd polled = { .events = POLLIN };
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(root, &child) == 0);
    CU_ASSERT(scoped_cancel_receiver_fd(child.cancel_receiver, &polled.fd) == 0);
    CU_ASSERT(!scoped_cancel_receiver_poll(child.cancel_receiver));
    int64_t deadline = forkscope_after(1000000);
    CU_ASSERT(scoped_cancel_receiver_wait_until(child.cancel_receiver, deadline) == -ETIMEDOUT);
    CU_ASSERT(scoped_cancel_close(root, 0, NULL) == SCOPED_ERUNNING);
    CU_ASSERT(scoped_cancel_receiver_poll(child.cancel_receiver));
    CU_ASSERT(scoped_cancel_receiver_wait_until(child.cancel_receiver, 0) == 0);
    CU_ASSERT(poll(&polled, 1, 0) == 1);
    scoped_done_sender_free(child.done_sender);
    scoped_cancel_receiver_free(child.cancel_receiver);
    CU_ASSERT(scoped_cancel_close(root, 0, NULL) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static void a_raw_failure_is_judged_like_any_other(void)
{
    scoped_spawner scope;
    struct scoped_outcome outcome;
    struct scoped_options options = { .policy = &scoped_fail_fast };
    struct scoped_child_signals other;
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(scope, &child) == 0);
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(scope, &other) == 0);
    scoped_done_sender_set_status(child.done_sender, -EPIPE);
    scoped_done_sender_free(child.done_sender);
    scoped_cancel_receiver_free(child.cancel_receiver);
    CU_ASSERT(scoped_cancel_receiver_poll(other.cancel_receiver));
    scoped_done_sender_set_status(other.done_sender, -ECANCELED);
    scoped_done_sender_free(other.done_sender);
    scoped_cancel_receiver_free(other.cancel_receiver);
    CU_ASSERT(scoped_close(scope, soon(), &outcome) == -EPIPE);
    CU_ASSERT(outcome.status == -EPIPE && outcome.cancelled == 1);
    CU_ASSERT_STRING_EQUAL(outcome.failures->path, "root/scope/task");
    scoped_outcome_fini(&outcome);
}

static int take_a_name(void *name)
{
    CU_ASSERT(scoped_set_name("a task") == 0);
    pthread_getname_np(pthread_self(), name, 16);
    return -EIO;
}

static int take_a_name_above(scoped_spawner self, void *name)
{
    (void)self;
    return take_a_name(name);
}

/* The task has the name, the thread of the program does not. */
static void a_name_is_the_tasks_and_not_the_foreign_threads(void)
{
    scoped_spawner scope;
    struct scoped_outcome outcome;
    char own[16], leaf[16], task[16];
    pthread_getname_np(pthread_self(), own, sizeof own);
    CU_ASSERT_FATAL(scoped_scope_open(root, NULL, &scope) == 0);
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(scope, &child) == 0);
    CU_ASSERT(remote_scope_run_leaf(child, take_a_name, leaf, NULL) == -EIO);
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(scope, &child) == 0);
    CU_ASSERT(remote_scope_run(child, take_a_name_above, task, NULL) == -EIO);
    scoped_close(scope, soon(), &outcome);
    CU_ASSERT_STRING_EQUAL(leaf, own);
    CU_ASSERT_STRING_EQUAL(task, own);
    CU_ASSERT(outcome.failed == 2);
    CU_ASSERT_STRING_EQUAL(outcome.failures->path, "root/scope/a task");
    scoped_outcome_fini(&outcome);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_foreign_thread_goes_through_all_phases),
    TEST(cancelling_a_foreign_thread_only_asks),
    TEST(cancelled_before_it_runs_only_done_is_called),
    TEST(without_signals_it_is_a_root),
    TEST(raw_signals_keep_the_parent_until_done),
    TEST(a_raw_failure_is_judged_like_any_other),
    TEST(a_name_is_the_tasks_and_not_the_foreign_threads),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("remote", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
