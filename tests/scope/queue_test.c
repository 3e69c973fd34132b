/*
 * queue_test.c - tasks in the queue of a user's executor, cancelled with the waiters that run
 * them. Unless a test says otherwise the executor has no threads
 */
#include "tests/support/closed.h"
#include "tests/support/queue_helpers.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"
#include "tests/support/user_executors.h"

#include <errno.h>
#include <forkscope/remote_scope.h>
#include <pthread.h>

/* Children. */

static int until_asked(void *arg)
{
    (void)arg;
    scoped_notify_started();
    event_happen(inside);
    log_letter(scoped_sleep_until(SCOPED_FOREVER) == -ECANCELED ? 'a' : '?');
    return -ECANCELED;
}

/*
 * Ways to wait for a child that lasts until it is asked; `where` is a spawner whose tasks run on
 * the pool.
 */

static void free_receiver(void *receiver)
{
    scoped_done_receiver_free(receiver);
}

static void wait_for_child(scoped_spawner where)
{
    struct scoped_done_receiver *receiver = queue_spawn(where, until_asked, NULL);
    pthread_cleanup_push(free_receiver, receiver);
    scoped_done_receiver_wait(receiver);
    pthread_cleanup_pop(1);
}

static void wait_for_start(scoped_spawner where)
{
    struct scoped_done_receiver *receiver = queue_spawn(where, until_asked, NULL);
    pthread_cleanup_push(free_receiver, receiver);
    scoped_done_receiver_wait_started_until(receiver, SCOPED_FOREVER);
    pthread_cleanup_pop(1);
}

static void close_scope(scoped_spawner where)
{
    scoped_spawner scope;
    CU_ASSERT_FATAL(scoped_scope_open(where, NULL, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, until_asked, NULL, log_child_done) == 0);
    scoped_close(scope, SCOPED_FOREVER, NULL);
}

static void wait_for_room(scoped_spawner where)
{
    struct scoped_options options = { .max_tasks = 1 };
    scoped_spawner scope;
    CU_ASSERT_FATAL(scoped_scope_open(where, &options, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, until_asked, NULL, log_child_done) == 0);
    scoped_spawn_leaf(scope, until_asked, NULL, log_child_done);
}

static void run_remotely(scoped_spawner where)
{
    struct scoped_child_signals child;
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(where, &child) == 0);
    remote_scope_run_leaf(child, until_asked, NULL, log_child_done);
}

static void run_as_root(scoped_spawner where)
{
    struct scoped_child_signals none = { NULL, NULL };
    (void)where;
    remote_scope_run_leaf(none, until_asked, NULL, log_child_done);
}

static void spawn_on_inline_executor(scoped_spawner where)
{
    struct scoped_options options = { .executor = &inline_executor };
    scoped_spawner scope;
    CU_ASSERT_FATAL(scoped_scope_open(where, &options, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, until_asked, NULL, log_child_done) == 0);
}

static int wait_as_told(scoped_spawner self, void *way)
{
    (*(void (*const *)(scoped_spawner))way)(self);
    return 0;
}

/* The child itself waits for one. */
static void wait_for_a_waiting_child(scoped_spawner where)
{
    static void (*const way)(scoped_spawner) = wait_for_child;
    struct scoped_parent_signals child;
    CU_ASSERT_FATAL(scoped_spawn_with_signal(where, wait_as_told, (void *)&way, NULL,
                                             &child) == 0);
    scoped_cancel_sender_forget(child.cancel_sender);
    pthread_cleanup_push(free_receiver, child.done_receiver);
    scoped_done_receiver_wait(child.done_receiver);
    pthread_cleanup_pop(1);
}

static void (*const ways[])(scoped_spawner) = {
    wait_for_child, wait_for_start, close_scope, wait_for_room, run_remotely, run_as_root,
    spawn_on_inline_executor, wait_for_a_waiting_child
};

enum { WAYS = sizeof ways / sizeof ways[0] };

/* Waits on a thread of its own, in a scope whose tasks run on the pool. */
static int wait_from_thread(scoped_spawner self, void *way)
{
    struct scoped_options options = { .executor = &pool.base };
    scoped_spawner scope;
    CU_ASSERT_FATAL(scoped_scope_open(self, &options, &scope) == 0);
    return wait_as_told(scope, way);
}

static int wait_in_root(scoped_spawner self, void *way)
{
    scoped_spawner other;
    (void)self;
    CU_ASSERT_FATAL(scoped_spawner_open(&pool.base, &other) == 0);
    return wait_as_told(other, way);
}

/* The task is cancelled while its child runs: both end. */
static void check_cancel(scoped_spawner where, scoped_task_function *wait)
{
    for (int i = 0; i < WAYS; i++) {
        CU_ASSERT_FATAL(scoped_spawn_with_signal(where, wait, (void *)&ways[i], log_done,
                                                 &task) == 0);
        CU_ASSERT(event_wait(inside));
        scoped_cancel_sender_free(task.cancel_sender);
        task_status();
        CU_ASSERT_STRING_EQUAL(log_letters(), ways[i] == wait_for_room ? "akkd" : "akd");
        event_reset(inside);
        log_clear();
    }
}

static void check_cancel_with(struct scoped_options options, scoped_task_function *wait)
{
    scoped_spawner scope;
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
    check_cancel(scope, wait);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == 0);
}

static void a_cancelled_waiter_takes_the_child_that_it_runs_along(void)
{
    check_cancel_with((struct scoped_options){ .cancel = SCOPED_CANCEL_FORCED }, wait_from_thread);
    check_cancel_with((struct scoped_options){ .cancel = SCOPED_CANCEL_WAITS }, wait_from_thread);
    check_cancel_with((struct scoped_options){ .cancel = SCOPED_CANCEL_ASKS }, wait_from_thread);
}

static void a_waiter_that_is_only_asked_takes_its_child_along(void)
{
    check_cancel_with((struct scoped_options){ .grace = INT64_C(60000000000) }, wait_from_thread);
}

static void a_child_in_another_tree_is_taken_along(void)
{
    check_cancel_with((struct scoped_options){ .cancel = SCOPED_CANCEL_FORCED }, wait_in_root);
    check_cancel_with((struct scoped_options){ .cancel = SCOPED_CANCEL_WAITS }, wait_in_root);
}

static void in_a_pool_of_one_thread_a_waiter_takes_its_child_along(void)
{
    struct pool one;
    pool_open(&one, 1);
    check_cancel_with((struct scoped_options){ .executor = &one.base }, wait_as_told);
    pool_close(&one);
}

static void closing_the_root_ends_a_task_that_runs_its_child(void)
{
    for (int i = 0; i < WAYS; i++) {
        CU_ASSERT(scoped_spawn(root, wait_from_thread, (void *)&ways[i], NULL) == 0);
        CU_ASSERT(event_wait(inside));
        CU_ASSERT(close_whatever(root, soon()) == 0);
        CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
        event_reset(inside);
    }
}

/* A child that its owner runs is cancelled when the owner's shield is over, and not before. */
static int wait_shielded(scoped_spawner self, void *way)
{
    struct scoped_shield shield;
    CU_ASSERT(scoped_shield_begin_until(forkscope_after(20000000), &shield) == 0);
    return wait_from_thread(self, way);
}

static void a_shield_covers_the_child_that_is_run_in_it(void)
{
    static void (*const way)(scoped_spawner) = close_scope;
    int64_t begun = forkscope_after(0);
    CU_ASSERT_FATAL(scoped_spawn_with_signal(root, wait_shielded, (void *)&way, NULL,
                                             &task) == 0);
    CU_ASSERT(event_wait(inside));
    scoped_cancel_sender_free(task.cancel_sender);
    CU_ASSERT(task_status() == 0);
    CU_ASSERT(forkscope_after(0) - begun >= 20000000);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ak");
}

/* With cancellation off a wait is no cancellation point, and leads no child. */
static int wait_undisturbed(scoped_spawner self, void *arg)
{
    struct scoped_options options = { .executor = &pool.base };
    scoped_spawner scope;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    CU_ASSERT_FATAL(scoped_scope_open(self, &options, &scope) == 0);
    scoped_cancel(self);
    CU_ASSERT(scoped_spawn_leaf(scope, queue_at_once, arg, log_child_done) == 0);
    CU_ASSERT(scoped_close(scope, SCOPED_FOREVER, NULL) == 0);
    return 5;
}

static void with_cancellation_off_a_cancelled_waiter_leaves_its_child_alone(void)
{
    CU_ASSERT_FATAL(scoped_spawn_with_signal(root, wait_undisturbed, "x", NULL, &task) == 0);
    CU_ASSERT(task_status() == 5);
    CU_ASSERT_STRING_EQUAL(log_letters(), "xk");
    scoped_cancel_sender_forget(task.cancel_sender);
}

/* A child that is cancelled by itself leaves its waiter alone. */
static int cancel_then_wait(scoped_spawner self, void *arg)
{
    struct scoped_options options = { .executor = &pool.base };
    struct scoped_parent_signals child;
    scoped_spawner scope;
    (void)arg;
    CU_ASSERT_FATAL(scoped_scope_open(self, &options, &scope) == 0);
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(scope, until_asked, NULL, log_child_done,
                                                  &child) == 0);
    scoped_cancel_sender_free(child.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait(child.done_receiver) == 0);
    scoped_done_receiver_free(child.done_receiver);
    CU_ASSERT(!scoped_cancelled());
    return 4;
}

static void a_cancelled_child_does_not_cancel_its_waiter(void)
{
    CU_ASSERT_FATAL(scoped_spawn_with_signal(root, cancel_then_wait, NULL, NULL, &task) == 0);
    CU_ASSERT(task_status() == 4);
    CU_ASSERT_STRING_EQUAL(log_letters(), "k");
    scoped_cancel_sender_forget(task.cancel_sender);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_cancelled_waiter_takes_the_child_that_it_runs_along),
    TEST(a_waiter_that_is_only_asked_takes_its_child_along),
    TEST(a_child_in_another_tree_is_taken_along),
    TEST(in_a_pool_of_one_thread_a_waiter_takes_its_child_along),
    TEST(closing_the_root_ends_a_task_that_runs_its_child),
    TEST(a_shield_covers_the_child_that_is_run_in_it),
    TEST(with_cancellation_off_a_cancelled_waiter_leaves_its_child_alone),
    TEST(a_cancelled_child_does_not_cancel_its_waiter),
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
