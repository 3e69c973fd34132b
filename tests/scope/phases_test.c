/*
 * phases_test.c - the phases of a task, and their order
 */
#include "tests/support/closed.h"
#include "tests/support/phase_helpers.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <pthread.h>

static int parent(scoped_spawner self, void *blocks)
{
    pthread_cleanup_push(phases_log_clean_up, NULL);
    log_letter('f');
    CU_ASSERT(scoped_spawn_leaf(self, task_block, NULL, log_child_done) == 0);
    CU_ASSERT(event_wait(started));
    if (blocks != NULL) {
        event_happen(cancelled);
        block_for_ever();
    }
    pthread_cleanup_pop(1);
    return 5;
}

static pthread_key_t key;

static void log_gone(void *value)
{
    (void)value;
    log_letter('g');
}

static void log_gone_at_exit(void *arg)
{
    log_done(arg);
    pthread_setspecific(key, "value");
}

static void a_returning_task_goes_through_its_phases_in_order(void)
{
    pthread_key_create(&key, log_gone);
    CU_ASSERT(scoped_spawn_with_signal(root, parent, NULL, log_gone_at_exit, &task) == 0);
    CU_ASSERT(task_status() == 5);
    CU_ASSERT_STRING_EQUAL(log_letters(), "fckdg");
    scoped_cancel_sender_free(task.cancel_sender);
    pthread_key_delete(key);
}

static void a_cancelled_task_goes_through_its_phases_in_order(void)
{
    pthread_key_create(&key, log_gone);
    CU_ASSERT(scoped_spawn_with_signal(root, parent, "blocks", log_gone_at_exit, &task) == 0);
    CU_ASSERT(event_wait(cancelled));
    scoped_cancel_sender_free(task.cancel_sender);
    CU_ASSERT(task_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "fckdg");
    pthread_key_delete(key);
}

static int return_after_cancel(scoped_spawner self, void *arg)
{
    (void)arg;
    CU_ASSERT(scoped_cancel(self) == 0);
    CU_ASSERT(scoped_cancelled());
    return 6;
}

static void a_return_after_the_cancel_still_counts(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, return_after_cancel, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == 6);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    scoped_cancel_sender_forget(task.cancel_sender);
}

static int cancel_itself(scoped_spawner self, void *arg)
{
    (void)arg;
    scoped_cancel(self);
    scoped_cancel(self);
    log_letter('a');
    scoped_checkpoint();
    log_letter('!');
    return 0;
}

static void cancelled_from_inside_twice_it_ends_at_the_checkpoint(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, cancel_itself, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ad");
    scoped_cancel_sender_free(task.cancel_sender);
}

static void a_cancel_after_the_end_does_nothing(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, parent, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == 5);
    scoped_cancel_sender_free(task.cancel_sender);
    CU_ASSERT_STRING_EQUAL(log_letters(), "fckd");
}

static void a_task_born_cancelled_runs_only_done(void)
{
    CU_ASSERT(scoped_cancel(root) == 0);
    CU_ASSERT(scoped_spawn_with_signal(root, parent, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    scoped_cancel_sender_free(task.cancel_sender);
}

static void spawn_from_done(void *arg)
{
    scoped_spawner *self = arg;
    CU_ASSERT(scoped_spawn_leaf(*self, task_block, NULL, NULL) == SCOPED_ECLOSED);
    log_letter('d');
}

static int keep_spawner(scoped_spawner self, void *arg)
{
    *(scoped_spawner *)arg = self;
    return 0;
}

static void done_cannot_spawn(void)
{
    scoped_spawner self;
    CU_ASSERT(scoped_spawn_with_signal(root, keep_spawner, &self, spawn_from_done, &task) == 0);
    CU_ASSERT(task_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    scoped_cancel_sender_free(task.cancel_sender);
}

static int exit_thread(void *arg)
{
    pthread_exit(arg);
}

static void pthread_exit_in_a_task_ends_just_the_task(void)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, exit_thread, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == SCOPED_EUNWOUND);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    scoped_cancel_sender_free(task.cancel_sender);
}

static int slow_child(void *arg)
{
    (void)arg;
    pthread_cleanup_push(phases_log_clean_up, NULL);
    event_happen(started);
    block_for_ever();
    pthread_cleanup_pop(0);
    return 0;
}

static int parent_waiting(scoped_spawner self, void *arg)
{
    (void)arg;
    struct scoped_parent_signals inner;
    CU_ASSERT(scoped_spawn_leaf_with_signal(self, slow_child, NULL, log_child_done, &inner) == 0);
    CU_ASSERT(event_wait(started));
    scoped_cancel_sender_forget(inner.cancel_sender);
    pthread_cleanup_push((void (*)(void *))scoped_done_receiver_free, inner.done_receiver);
    event_happen(cancelled);
    scoped_done_receiver_wait(inner.done_receiver);
    log_letter('!');
    pthread_cleanup_pop(1);
    return 0;
}

static void waiting_for_a_child_is_cut_short_and_the_child_ends(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, parent_waiting, NULL, log_done, &task) == 0);
    CU_ASSERT(event_wait(cancelled));
    scoped_cancel_sender_free(task.cancel_sender);
    CU_ASSERT(task_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ckd");
}

static int nested(scoped_spawner self, void *depth)
{
    intptr_t left = (intptr_t)depth;
    if (left == 0)
        event_happen(started);
    else if (scoped_spawn(self, nested, (void *)(left - 1), NULL) < 0)
        CU_FAIL("spawn");
    block_for_ever();
    return 0;
}

static void closing_the_root_reaches_great_grandchildren(void)
{
    CU_ASSERT(scoped_spawn(root, nested, (void *)20, log_done) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(close_whatever(root, soon()) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_returning_task_goes_through_its_phases_in_order),
    TEST(a_cancelled_task_goes_through_its_phases_in_order),
    TEST(a_return_after_the_cancel_still_counts),
    TEST(cancelled_from_inside_twice_it_ends_at_the_checkpoint),
    TEST(a_cancel_after_the_end_does_nothing),
    TEST(a_task_born_cancelled_runs_only_done),
    TEST(done_cannot_spawn),
    TEST(pthread_exit_in_a_task_ends_just_the_task),
    TEST(waiting_for_a_child_is_cut_short_and_the_child_ends),
    TEST(closing_the_root_reaches_great_grandchildren),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    PHASES_SUITE("phases", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
