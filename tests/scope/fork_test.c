/*
 * fork_test.c - trees of tasks in processes that their owner has forked
 */
#include "tests/support/scope_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 20 };         /* seconds until a copy that hangs is killed */

/* Runs a part in a copy of this process. */
static void in_copy(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(PATIENCE);
        part();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static int until_released(void *unused)
{
    (void)unused;
    event_happen(started);
    return event_wait(released) ? 0 : -ETIME;
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static int no_task(scoped_spawner unused, void *argument)
{
    (void)unused;
    return nothing(argument);
}

/* ---- spawners ---- */

static int misuses;

static void count_misuse(int error, scoped_spawner unused)
{
    (void)unused;
    misuses += error == PROCSPAWN_ENOTOWNER;
}

static void use_spawner(void)
{
    struct scoped_parent_signals signals;
    struct scoped_child_signals raw;
    struct scoped_cancel_sender *sender;
    scoped_spawner scope;

    scoped_set_misuse_hook(count_misuse);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn(root, no_task, NULL, NULL), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn_leaf_with_signal(root, nothing, NULL, NULL, &signals),
                          PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_scope_open(root, NULL, &scope), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(remote_spawner_spawn_raw(root, &raw), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_sender_new(root, &sender), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel(root), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(misuses, 7);
}

static void a_copy_cannot_use_the_spawners_of_its_original(void)
{
    CU_ASSERT(scoped_spawn_leaf(root, until_released, NULL, NULL) == 0);
    CU_ASSERT(event_wait(started));
    in_copy(use_spawner);
    CU_ASSERT(scoped_spawn_leaf(root, nothing, NULL, NULL) == 0);
    event_happen(released);
    PROCSPAWN_CUNIT_EQUAL(misuses, 0);
}

/* ---- signals ---- */

static struct scoped_parent_signals signals;

static void use_signals(void)
{
    int fd = -1, status = 77;
    void *value;

    PROCSPAWN_CUNIT_EQUAL(scoped_done_receiver_wait(signals.done_receiver), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_done_receiver_poll(signals.done_receiver), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_done_receiver_wait_started_until(signals.done_receiver, soon()),
                          PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_done_receiver_fd(signals.done_receiver, &fd),
                          PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_done_receiver_status(signals.done_receiver, &status),
                          PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_done_receiver_result(signals.done_receiver, &value),
                          PROCSPAWN_ENOTOWNER);
    CU_ASSERT(fd == -1 && status == 77);
    scoped_done_receiver_free(signals.done_receiver);
    scoped_cancel_sender_free(signals.cancel_sender);
}

static void a_copy_that_frees_a_cancel_sender_cancels_nothing(void)
{
    int status = -1;

    CU_ASSERT(scoped_spawn_leaf_with_signal(root, until_released, NULL, NULL, &signals) == 0);
    CU_ASSERT(event_wait(started));
    in_copy(use_signals);
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait(signals.done_receiver) == 0);
    CU_ASSERT(scoped_done_receiver_status(signals.done_receiver, &status) == 0);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    scoped_done_receiver_free(signals.done_receiver);
    scoped_cancel_sender_free(signals.cancel_sender);
}

static struct scoped_child_signals raw;

static void use_raw_signals(void)
{
    int fd = -1;

    CU_ASSERT(scoped_cancel_receiver_poll(raw.cancel_receiver));
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_receiver_fd(raw.cancel_receiver, &fd),
                          PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_receiver_wait_until(raw.cancel_receiver, soon()),
                          PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(remote_scope_run(raw, no_task, NULL, NULL), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(remote_scope_run_leaf(raw, nothing, NULL, NULL), PROCSPAWN_ENOTOWNER);
    scoped_cancel_receiver_free(raw.cancel_receiver);
    scoped_done_sender_free(raw.done_sender);
}

static void a_copy_cannot_run_a_remote_task_of_its_original(void)
{
    CU_ASSERT(remote_spawner_spawn_raw(root, &raw) == 0);
    in_copy(use_raw_signals);
    CU_ASSERT(!scoped_cancel_receiver_poll(raw.cancel_receiver));
    PROCSPAWN_CUNIT_EQUAL(remote_scope_run_leaf(raw, nothing, NULL, NULL), 0);
}

/* ---- tasks ---- */

static scoped_spawner own;

static void live_on(void)
{
    scoped_spawner fresh;

    PROCSPAWN_CUNIT_EQUAL(scoped_checkpoint(), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_sleep_until(forkscope_after(1)), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_notify_started(), -EPERM);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn_leaf(own, nothing, NULL, NULL), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_open(NULL, &fresh), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn_leaf(fresh, nothing, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(fresh, soon(), NULL), 0);
}

/* Cancelled, in a mode in which it goes on all the same. */
static int fork_in_task(scoped_spawner self, void *unused)
{
    (void)unused;
    own = self;
    event_happen(started);
    event_wait(released);
    in_copy(live_on);
    return scoped_spawn_leaf(self, nothing, NULL, NULL);
}

static void the_copy_of_a_task_is_in_no_task(void)
{
    scoped_spawner scope;
    struct scoped_options options = { .cancel = SCOPED_CANCEL_WAITS };

    CU_ASSERT(scoped_scope_open(root, &options, &scope) == 0);
    CU_ASSERT(scoped_spawn(scope, fork_in_task, NULL, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_cancel(scope) == 0);
    event_happen(released);
    CU_ASSERT(scoped_close(scope, SCOPED_FOREVER, NULL) == 0);
}

/* ---- executors ---- */

static struct scoped_executor *cached;

static void use_executor(void)
{
    scoped_spawner tree;

    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_open(cached, &tree), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_spawn_leaf(tree, nothing, NULL, NULL), PROCSPAWN_ENOTOWNER);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(tree, soon(), NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(scoped_executor_free_until(cached, soon()), 0);
}

static void spawn_cached(void)
{
    scoped_spawner tree;
    struct scoped_outcome outcome;
    scoped_spawner scope;

    CU_ASSERT(scoped_spawner_open(cached, &tree) == 0);
    CU_ASSERT(scoped_scope_open(tree, NULL, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, nothing, NULL, NULL) == 0);
    CU_ASSERT(scoped_close(scope, SCOPED_FOREVER, &outcome) == 0);
    PROCSPAWN_CUNIT_EQUAL(outcome.succeeded, 1);
    scoped_outcome_fini(&outcome);
    CU_ASSERT(scoped_cancel_close(tree, SCOPED_FOREVER, NULL) == 0);
}

static void a_copy_has_no_threads_of_a_cached_executor(void)
{
    CU_ASSERT_FATAL(scoped_cached_executor_new(NULL, 1, 0, &cached) == 0);
    spawn_cached();
    in_copy(use_executor);
    spawn_cached();
    CU_ASSERT(scoped_executor_free_until(cached, SCOPED_FOREVER) == 0);
}

/* ---- at any moment ---- */

static int spawn_many(scoped_spawner self, void *unused)
{
    (void)unused;
    event_happen(started);
    while (!scoped_checkpoint())
        scoped_spawn_leaf(self, nothing, NULL, NULL);
    return 0;
}

/* The mutex of the tree is held by one of its threads now and then. */
static void a_copy_never_waits_for_a_lock_of_its_original(void)
{
    enum { COPIES = 60 };

    CU_ASSERT(scoped_spawn_with_signal(root, spawn_many, NULL, NULL, &signals) == 0);
    CU_ASSERT(event_wait(started));
    for (int i = 0; i < COPIES; i++) {
        in_copy(use_signals);
        in_copy(use_spawner);
    }
    scoped_cancel_sender_free(signals.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait(signals.done_receiver) == 0);
    scoped_done_receiver_free(signals.done_receiver);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_copy_cannot_use_the_spawners_of_its_original),
    TEST(a_copy_that_frees_a_cancel_sender_cancels_nothing),
    TEST(a_copy_cannot_run_a_remote_task_of_its_original),
    TEST(the_copy_of_a_task_is_in_no_task),
    TEST(a_copy_has_no_threads_of_a_cached_executor),
    TEST(a_copy_never_waits_for_a_lock_of_its_original),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("scope fork", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
