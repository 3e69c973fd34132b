/*
 * queue_wait_test.c - which tasks in the queue of a user's executor a waiter runs, and when it
 * runs none. The executor has no threads
 */
#include "tests/support/queue_helpers.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"
#include "tests/support/user_executors.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <pthread.h>

/* Deadlines of waits. */

static scoped_spawner scope;

static void open_on_pool(struct scoped_options options)
{
    options.executor = &pool.base;
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
}

static void a_waiter_with_a_deadline_runs_its_children(void)
{
    open_on_pool((struct scoped_options){ .max_tasks = 1 });
    struct scoped_done_receiver *receiver = queue_spawn(scope, queue_at_once, "1");
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, soon()) == 0);
    scoped_done_receiver_free(receiver);
    CU_ASSERT(scoped_spawn_leaf(scope, queue_at_once, "2", NULL) == 0);
    CU_ASSERT(scoped_scope_wait_room_until(scope, soon()) == 0);
    receiver = queue_spawn(scope, queue_at_once, "3");
    int64_t deadline = forkscope_after(0);
    CU_ASSERT(scoped_done_receiver_wait_started_until(receiver, deadline) == -ETIMEDOUT);
    CU_ASSERT(scoped_done_receiver_wait_started_until(receiver, soon()) == SCOPED_ENOTSTARTED);
    scoped_done_receiver_free(receiver);
    CU_ASSERT(scoped_spawn_leaf(scope, queue_at_once, "4", NULL) == 0);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "1k23k4");
}

static int until_past(void *deadline)
{
    log_letter('p');
    while (forkscope_after(0) < *(int64_t *)deadline)
        scoped_sleep_until(*(int64_t *)deadline);
    return 0;
}

static void a_child_may_outlast_the_deadline_of_its_waiter_and_no_other_is_begun(void)
{
    int64_t deadline;
    open_on_pool((struct scoped_options){ .name = "pool" });
    CU_ASSERT(scoped_spawn_leaf(scope, until_past, &deadline, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, until_past, &deadline, NULL) == 0);
    deadline = forkscope_after(FORKSCOPE_S / 5);
    CU_ASSERT(scoped_close(scope, deadline, NULL) == SCOPED_ERUNNING);
    CU_ASSERT(forkscope_after(0) >= deadline);
    CU_ASSERT_STRING_EQUAL(log_letters(), "p");
    CU_ASSERT(scoped_close(scope, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "pp");
}

static void who_only_looks_runs_nothing(void)
{
    open_on_pool((struct scoped_options){ .name = "pool" });
    struct scoped_done_receiver *receiver = queue_spawn(scope, queue_at_once, "x");
    CU_ASSERT(scoped_done_receiver_poll(receiver) == -EAGAIN);
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, 0) == -ETIMEDOUT);
    CU_ASSERT(scoped_close(scope, 0, NULL) == SCOPED_ERUNNING);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    CU_ASSERT(pool_run_one(&pool));
    CU_ASSERT(scoped_done_receiver_poll(receiver) == 0);
    scoped_done_receiver_free(receiver);
    CU_ASSERT(scoped_close(scope, 0, NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "xk");
}

/* The older child runs with the waiter, and lets the newer one end, which the pool has taken. */

static int let_go(void *arg)
{
    (void)arg;
    event_happen(released);
    return 0;
}

static int until_let_go(void *arg)
{
    (void)arg;
    event_happen(inside);
    return event_wait(released) ? 0 : -ETIME;
}

static void *run_newest(void *arg)
{
    (void)arg;
    CU_ASSERT(pool_run_newest(&pool));
    return NULL;
}

static void a_child_that_runs_hides_none_that_is_queued(void)
{
    struct scoped_outcome outcome;
    pthread_t thread;
    open_on_pool((struct scoped_options){ .name = "pool" });
    CU_ASSERT(scoped_spawn_leaf(scope, let_go, NULL, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, until_let_go, NULL, NULL) == 0);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, run_newest, NULL) == 0);
    CU_ASSERT(event_wait(inside));
    CU_ASSERT(scoped_close(scope, soon(), &outcome) == 0);
    CU_ASSERT(outcome.succeeded == 2);
    pthread_join(thread, NULL);
}

/* What lies on top of a task cannot wait for it. */

static int wait_below(void *receiver)
{
    log_letter(scoped_done_receiver_wait(receiver) == -EDEADLK ? 'd' : '?');
    log_letter(scoped_done_receiver_wait_started_until(receiver, 0) == -EDEADLK ? 'd' : '?');
    log_letter(scoped_done_receiver_poll(receiver) == -EAGAIN ? 'p' : '?');
    return 0;
}

static struct scoped_child_signals stranger;

static int run_stranger(void *arg)
{
    (void)arg;
    event_wait(released);
    return remote_scope_run_leaf(stranger, wait_below, task.done_receiver, NULL);
}

static void a_task_cannot_wait_for_one_that_it_lies_on_top_of(void)
{
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(root, &stranger) == 0);
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(root, run_stranger, NULL, NULL, &task) == 0);
    event_happen(released);
    CU_ASSERT(task_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ddp");
    scoped_cancel_sender_forget(task.cancel_sender);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_waiter_with_a_deadline_runs_its_children),
    TEST(a_child_may_outlast_the_deadline_of_its_waiter_and_no_other_is_begun),
    TEST(who_only_looks_runs_nothing),
    TEST(a_child_that_runs_hides_none_that_is_queued),
    TEST(a_task_cannot_wait_for_one_that_it_lies_on_top_of),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    QUEUE_SUITE("queued", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
