/*
 * left_open_test.c - roots, scopes and resources that a task leaves open, and what ends them in
 * which phase
 */
#include "tests/support/closed.h"
#include "tests/support/phase_helpers.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <pthread.h>
#include <string.h>

static int stubborn(void *arg)
{
    (void)arg;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    event_happen(started);
    event_wait(cancelled);
    return 0;
}

static void a_root_that_cannot_be_closed_in_time_stays_valid(void)
{
    CU_ASSERT(scoped_spawn_leaf(root, stubborn, NULL, log_done) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_cancel_close(root, forkscope_after(1000000), NULL) == SCOPED_ERUNNING);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    CU_ASSERT(scoped_spawn_leaf(root, task_block, NULL, log_child_done) == 0);
    CU_ASSERT(scoped_cancel_close(root, 0, NULL) == SCOPED_ERUNNING);
    event_happen(cancelled);
    CU_ASSERT(close_whatever(root, soon()) == 0);
    CU_ASSERT(strchr(log_letters(), 'k') != NULL && strchr(log_letters(), 'd') != NULL);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static int open_a_root(scoped_spawner self, void *arg)
{
    (void)self, (void)arg;
    scoped_spawner inner;
    CU_ASSERT(scoped_spawner_open(NULL, &inner) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, task_block, NULL, log_child_done) == 0);
    CU_ASSERT(event_wait(started));
    return 0;
}

static void a_root_left_open_by_a_task_ends_with_it(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, open_a_root, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "kd");
    scoped_cancel_sender_free(task.cancel_sender);
}

/* Phases 2 to 5: what is left open for the rest of the task's end, and what is not. */

static int open_now;

static intptr_t take(void *arg)
{
    (void)arg;
    return open_now++;
}

static void give(intptr_t resource)
{
    (void)resource;
    open_now--;
    log_letter('r');
}

static void hold_something(void *arg)
{
    intptr_t resource;
    CU_ASSERT(scoped_acquire(take, NULL, give, &resource) == 0);
    CU_ASSERT(scoped_defer(phases_log_clean_up, arg) == 0);
}

static void hold_in_done(void *arg)
{
    log_letter('d');
    hold_something(arg);
}

static int fail(void *arg)
{
    (void)arg;
    return -EIO;
}

static void what_done_holds_is_released_after_it(void)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, fail, NULL, hold_in_done, &task) == 0);
    CU_ASSERT(task_status() == -EIO);
    CU_ASSERT_STRING_EQUAL(log_letters(), "dcr");
    CU_ASSERT(open_now == 0);
    scoped_cancel_sender_forget(task.cancel_sender);
}

static void hold_in_failure(const struct scoped_failure *failure, void *arg)
{
    (void)failure;
    log_letter('f');
    hold_something(arg);
}

static void what_a_failure_function_holds_is_released_after_it(void)
{
    struct scoped_options options = { .on_failure = hold_in_failure };
    scoped_spawner scope;
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, fail, NULL, log_done) == 0);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == -EIO);
    CU_ASSERT_STRING_EQUAL(log_letters(), "dfcr");
    CU_ASSERT(open_now == 0);
}

/* The task's own spawner, a scope, one inside of that, and a root. */
static scoped_spawner left_open[4];

static void nothing_can_be_added(void *arg)
{
    struct scoped_child_signals task_block;
    scoped_spawner scope;
    for (int i = 0; i < 4; i++) {
        CU_ASSERT(scoped_spawn_leaf(left_open[i], fail, arg, NULL) == SCOPED_ECLOSED);
        CU_ASSERT(scoped_scope_open(left_open[i], NULL, &scope) == SCOPED_ECLOSED);
        CU_ASSERT(remote_spawner_spawn_raw(left_open[i], &task_block) == SCOPED_ECLOSED);
    }
    log_letter('x');
}

static int leave_open(scoped_spawner self, void *arg)
{
    left_open[0] = self;
    CU_ASSERT(scoped_scope_open(self, NULL, &left_open[1]) == 0);
    CU_ASSERT(scoped_scope_open(left_open[1], NULL, &left_open[2]) == 0);
    CU_ASSERT(scoped_spawner_open(NULL, &left_open[3]) == 0);
    CU_ASSERT(scoped_spawn_leaf(left_open[2], task_block, NULL, log_child_done) == 0);
    CU_ASSERT(event_wait(started));
    return scoped_defer(nothing_can_be_added, arg);
}

static void scopes_take_no_children_when_their_owner_is_ending(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, leave_open, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "xkd");
    scoped_cancel_sender_forget(task.cancel_sender);
}

/* A sender for the scope still works while what is deferred runs. */

static struct scoped_cancel_sender *scope_sender;

static void cancel_the_scope(void *arg)
{
    (void)arg;
    scoped_cancel_sender_free(scope_sender);
    log_letter(event_wait(cancelled) ? 'x' : '?');
}

static void tell_that_it_ended(void *arg)
{
    log_child_done(arg);
    event_happen(cancelled);
}

static int leave_to_sender(scoped_spawner self, void *arg)
{
    scoped_spawner scope;
    CU_ASSERT(scoped_scope_open(self, NULL, &scope) == 0);
    CU_ASSERT(scoped_cancel_sender_new(scope, &scope_sender) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, tell_that_it_ended) == 0);
    CU_ASSERT(event_wait(started));
    return scoped_defer(cancel_the_scope, arg);
}

static void a_scope_can_be_cancelled_while_its_owner_is_ending(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, leave_to_sender, NULL, log_done, &task) == 0);
    CU_ASSERT(task_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "kxd");
    scoped_cancel_sender_forget(task.cancel_sender);
}

static void use_a_root(void *arg)
{
    scoped_spawner other;
    log_done(arg);
    CU_ASSERT(scoped_spawner_open(NULL, &other) == 0);
    CU_ASSERT(scoped_spawn_leaf(other, task_block, NULL, log_child_done) == 0);
    CU_ASSERT(event_wait(started));
}

static void done_may_use_a_root_of_its_own(void)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, fail, NULL, use_a_root, &task) == 0);
    CU_ASSERT(task_status() == -EIO);
    CU_ASSERT_STRING_EQUAL(log_letters(), "dk");
    scoped_cancel_sender_forget(task.cancel_sender);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_root_that_cannot_be_closed_in_time_stays_valid),
    TEST(a_root_left_open_by_a_task_ends_with_it),
    TEST(what_done_holds_is_released_after_it),
    TEST(what_a_failure_function_holds_is_released_after_it),
    TEST(scopes_take_no_children_when_their_owner_is_ending),
    TEST(a_scope_can_be_cancelled_while_its_owner_is_ending),
    TEST(done_may_use_a_root_of_its_own),
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
