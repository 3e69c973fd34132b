/*
 * misuse_test.c - spawners used by others than their owner, or after their end
 */
#include "tests/support/scope_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/notify.h>
#include <forkscope/remote_scope.h>
#include <forkscope/task.h>
#include <pthread.h>

static int hook_calls, hook_error;

static void hook(int error, scoped_spawner spawner)
{
    (void)spawner;
    hook_error = error;
    hook_calls++;
}

static void set_up(void)
{
    hook_calls = 0;
    CU_ASSERT(scoped_set_misuse_hook(hook) == NULL);
    root_set_up();
}

static void tear_down(void)
{
    root_tear_down();
    CU_ASSERT(scoped_set_misuse_hook(NULL) == hook);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void run(scoped_task_function *function, void *arg)
{
    struct scoped_parent_signals signals;
    CU_ASSERT_FATAL(scoped_spawn_with_signal(root, function, arg, NULL, &signals) == 0);
    CU_ASSERT(scoped_done_receiver_wait_until(signals.done_receiver, soon()) == 0);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
}

static int keep_spawner(scoped_spawner self, void *arg)
{
    *(scoped_spawner *)arg = self;
    return 0;
}

static void a_spawner_is_stale_after_its_owner_ended(void)
{
    scoped_spawner kept = { 0, 0 };
    run(keep_spawner, &kept);
    CU_ASSERT(scoped_spawn_leaf(kept, nothing, NULL, NULL) == SCOPED_ESTALE);
    CU_ASSERT(hook_calls == 1 && hook_error == SCOPED_ESTALE);
    CU_ASSERT(scoped_cancel(kept) == SCOPED_ESTALE);
}

static int use_roots_spawner(scoped_spawner self, void *arg)
{
    (void)self;
    *(int *)arg = scoped_spawn_leaf(root, nothing, NULL, NULL);
    return 0;
}

static void the_parents_spawner_is_not_the_childs(void)
{
    int error = 0;
    run(use_roots_spawner, &error);
    CU_ASSERT(error == SCOPED_ENOTOWNER);
    CU_ASSERT(hook_calls == 1 && hook_error == SCOPED_ENOTOWNER);
}

static int child_of_the_task(scoped_spawner self, void *parents_spawner)
{
    (void)self;
    return scoped_spawn_leaf(*(scoped_spawner *)parents_spawner, nothing, NULL, NULL);
}

static int lend_spawner(scoped_spawner self, void *arg)
{
    struct scoped_parent_signals signals;
    CU_ASSERT(scoped_spawn_with_signal(self, child_of_the_task, &self, NULL, &signals) == 0);
    CU_ASSERT(scoped_done_receiver_wait(signals.done_receiver) == 0);
    scoped_done_receiver_status(signals.done_receiver, arg);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    return 0;
}

static void a_lent_spawner_is_refused_while_its_owner_lives(void)
{
    int error = 0;
    run(lend_spawner, &error);
    CU_ASSERT(error == SCOPED_ENOTOWNER);
}

static void *use_in_thread(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)scoped_cancel_close(root, 0, NULL);
}

static void a_root_belongs_to_the_thread_that_opened_it(void)
{
    pthread_t thread;
    void *error;
    pthread_create(&thread, NULL, use_in_thread, NULL);
    pthread_join(thread, &error);
    CU_ASSERT((intptr_t)error == SCOPED_ENOTOWNER);
}

static void invented_spawners_are_stale(void)
{
    scoped_spawner invented[] = { { 0, 0 }, { UINT32_MAX, 1 }, { root.slot, root.generation + 2 } };
    for (int i = 0; i < 3; i++)
        CU_ASSERT(scoped_spawn_leaf(invented[i], nothing, NULL, NULL) == SCOPED_ESTALE);
    CU_ASSERT(hook_calls == 3);
}

static int close_own(scoped_spawner self, void *arg)
{
    *(int *)arg = scoped_cancel_close(self, SCOPED_FOREVER, NULL);
    return 0;
}

static void only_roots_can_be_closed_as_roots(void)
{
    int error = 0;
    run(close_own, &error);
    CU_ASSERT(error == -EINVAL);
}

static void a_closed_root_is_stale(void)
{
    scoped_spawner closed = root;
    CU_ASSERT(scoped_cancel_close(root, soon(), NULL) == 0);
    CU_ASSERT(scoped_cancel_close(closed, soon(), NULL) == SCOPED_ESTALE);
    CU_ASSERT(scoped_spawn_leaf(closed, nothing, NULL, NULL) == SCOPED_ESTALE);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static void nothing_is_done(void *called)
{
    *(bool *)called = true;
}

static void a_function_of_null_is_refused(void)
{
    struct scoped_child_signals none = { NULL, NULL }, child;
    struct scoped_parent_signals parent;
    struct scoped_task *task = NULL;
    bool called = false;
    int status = 0;

    CU_ASSERT(scoped_spawn(root, NULL, &called, nothing_is_done) == -EINVAL);
    CU_ASSERT(scoped_spawn_leaf(root, NULL, &called, nothing_is_done) == -EINVAL);
    CU_ASSERT(scoped_spawn_with_signal(root, NULL, NULL, NULL, &parent) == -EINVAL);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, NULL, NULL, NULL, &parent) == -EINVAL);
    CU_ASSERT(scoped_start(root, NULL, NULL, NULL, &task) == -EINVAL);
    CU_ASSERT(scoped_start_leaf(root, NULL, NULL, NULL, &task) == -EINVAL);
    CU_ASSERT(task == NULL);
    CU_ASSERT(scoped_run(NULL, NULL, NULL, NULL) == -EINVAL);
    CU_ASSERT(remote_scope_run(none, NULL, NULL, NULL) == -EINVAL);
    CU_ASSERT(remote_scope_run_leaf(none, NULL, NULL, NULL) == -EINVAL);
    for (int leaf = 0; leaf < 2; leaf++) {
        CU_ASSERT_FATAL(remote_spawner_spawn_raw_with_signal(root, &parent, &child) == 0);
        status = leaf ? remote_scope_run_leaf(child, NULL, &called, nothing_is_done)
                      : remote_scope_run(child, NULL, &called, nothing_is_done);
        CU_ASSERT(status == -EINVAL);
        CU_ASSERT(scoped_done_receiver_wait_until(parent.done_receiver, soon()) == 0);
        scoped_cancel_sender_free(parent.cancel_sender);
        scoped_done_receiver_free(parent.done_receiver);
    }
    CU_ASSERT(!called);
    CU_ASSERT(hook_calls == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_spawner_is_stale_after_its_owner_ended),
    TEST(the_parents_spawner_is_not_the_childs),
    TEST(a_lent_spawner_is_refused_while_its_owner_lives),
    TEST(a_root_belongs_to_the_thread_that_opened_it),
    TEST(invented_spawners_are_stale),
    TEST(only_roots_can_be_closed_as_roots),
    TEST(a_closed_root_is_stale),
    TEST(a_function_of_null_is_refused),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "misuse", .pSetUpFunc = set_up, .pTearDownFunc = tear_down, .pTests = tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
