/*
 * signal_test.c - cancel senders and done receivers
 */
#include "src/scope/node.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/remote_scope.h>
#include <poll.h>
#include <pthread.h>

static struct event waiting;

static void set_up(void)
{
    root_set_up();
    waiting = event_new();
}

static void tear_down(void)
{
    root_tear_down();
    event_free(waiting);
}

static int until_released(void *arg)
{
    (void)arg;
    scoped_set_result("first");
    scoped_set_result("second");
    event_happen(started);
    return event_wait(released) ? 3 : -ETIME;
}

static void a_forgotten_sender_never_cancels(void)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, until_released, NULL, NULL, &task) == 0);
    CU_ASSERT(event_wait(started));
    scoped_cancel_sender_forget(task.cancel_sender);
    CU_ASSERT(scoped_done_receiver_poll(task.done_receiver) == -EAGAIN);
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait(task.done_receiver) == 0);
    int status;
    void *value;
    CU_ASSERT(scoped_done_receiver_status(task.done_receiver, &status) == 0 && status == 3);
    CU_ASSERT(scoped_done_receiver_result(task.done_receiver, &value) == 0);
    CU_ASSERT_STRING_EQUAL(value, "second");
    scoped_done_receiver_free(task.done_receiver);
}

static void waiting_gives_up_at_the_deadline_and_can_be_repeated(void)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, until_released, NULL, NULL, &task) == 0);
    struct scoped_done_receiver *receiver = task.done_receiver;
    int64_t deadline = forkscope_after(2000000);
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, deadline) == -ETIMEDOUT);
    CU_ASSERT(forkscope_after(0) >= deadline);
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, 0) == -ETIMEDOUT);
    int status = 99;
    CU_ASSERT(scoped_done_receiver_status(receiver, &status) == -EAGAIN && status == 99);
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, 0) == 0);
    CU_ASSERT(scoped_done_receiver_poll(receiver) == 0);
    scoped_done_receiver_free(receiver);
    scoped_cancel_sender_free(task.cancel_sender);
}

static void signals_outlive_the_tree(void)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, task_block, NULL, NULL, &task) == 0);
    CU_ASSERT(scoped_cancel_close(root, soon(), NULL) == 0);
    int status;
    CU_ASSERT(scoped_done_receiver_wait(task.done_receiver) == 0);
    CU_ASSERT(scoped_done_receiver_status(task.done_receiver, &status) == 0);
    CU_ASSERT(status == -ECANCELED);
    scoped_cancel_sender_free(task.cancel_sender);
    scoped_done_receiver_free(task.done_receiver);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static void *wait_in_thread(void *receiver)
{
    return (void *)(intptr_t)scoped_done_receiver_wait_until(receiver, soon());
}

static void many_threads_may_wait_for_one_task(void)
{
    enum { WAITERS = 8 };
    pthread_t threads[WAITERS];
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, until_released, NULL, NULL, &task) == 0);
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&threads[i], NULL, wait_in_thread, task.done_receiver);
    event_happen(released);
    for (int i = 0; i < WAITERS; i++) {
        void *error = "unset";
        pthread_join(threads[i], &error);
        CU_ASSERT(error == NULL);
    }
    scoped_cancel_sender_free(task.cancel_sender);
    scoped_done_receiver_free(task.done_receiver);
}

static int wait_for_sibling(void *receiver)
{
    log_letter('w');
    event_happen(waiting);
    scoped_done_receiver_wait(receiver);
    log_letter('!');
    return 0;
}

static void a_waiter_that_is_cancelled_leaves_the_wait_to_others(void)
{
    struct scoped_parent_signals waiter;
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, until_released, NULL, NULL, &task) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, wait_for_sibling, task.done_receiver, NULL,
                                            &waiter) == 0);
    CU_ASSERT(event_wait(waiting));
    scoped_cancel_sender_free(waiter.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait_until(waiter.done_receiver, soon()) == 0);
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "w");
    scoped_done_receiver_free(waiter.done_receiver);
    scoped_cancel_sender_free(task.cancel_sender);
    scoped_done_receiver_free(task.done_receiver);
}

struct own_receiver {
    struct scoped_done_receiver *receiver;
    int error;
};

static int wait_for_itself(scoped_spawner self, void *arg)
{
    (void)self;
    struct own_receiver *own = arg;
    event_wait(released);
    own->error = scoped_done_receiver_wait(own->receiver);
    return 0;
}

static void a_task_cannot_wait_for_itself(void)
{
    struct own_receiver own;
    CU_ASSERT(scoped_spawn_with_signal(root, wait_for_itself, &own, NULL, &task) == 0);
    own.receiver = task.done_receiver;
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    CU_ASSERT(own.error == -EDEADLK);
    scoped_cancel_sender_free(task.cancel_sender);
    scoped_done_receiver_free(task.done_receiver);
}

/* Tasks whose threads linger when all phases are over, until they are released. */

static int wait_for_the_past(scoped_spawner self, void *arg)
{
    int64_t past = *(int64_t *)arg;
    scoped_spawner scope;
    CU_ASSERT(scoped_sleep_until(past) == 0);
    CU_ASSERT(scoped_wait_fd_until(released.fd, POLLIN, past) == -ETIMEDOUT);
    CU_ASSERT(scoped_scope_open(self, &(struct scoped_options){ .max_tasks = 1 }, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, until_released, NULL, NULL) == 0);
    CU_ASSERT(scoped_scope_wait_room_until(scope, past) == -ETIMEDOUT);
    CU_ASSERT(scoped_close(scope, past, NULL) == SCOPED_ERUNNING);
    event_happen(released);
    return scoped_close(scope, soon(), NULL);
}

static void wait_for_a_raw_task(int64_t past)
{
    struct scoped_child_signals raw;
    CU_ASSERT_FATAL(remote_spawner_spawn_raw_with_signal(root, &task, &raw) == 0);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, past) == -ETIMEDOUT);
    CU_ASSERT(scoped_done_receiver_wait_started_until(task.done_receiver, past) == -ETIMEDOUT);
    CU_ASSERT(scoped_cancel_receiver_wait_until(raw.cancel_receiver, past) == -ETIMEDOUT);
    scoped_cancel_receiver_free(raw.cancel_receiver);
    scoped_done_sender_free(raw.done_sender);
    scoped_cancel_sender_free(task.cancel_sender);
    scoped_done_receiver_free(task.done_receiver);
}

static void every_wait_knows_that_a_point_long_ago_has_passed(void)
{
    int64_t points[] = { 0, -1, -SCOPED_FOREVER, INT64_MIN };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        int status = 1;
        wait_for_a_raw_task(points[i]);
        CU_ASSERT(scoped_spawn_with_signal(root, wait_for_the_past, &points[i], NULL, &task) ==
                  0);
        CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
        scoped_done_receiver_status(task.done_receiver, &status);
        CU_ASSERT(status == 0);
        event_reset(released);
        scoped_cancel_sender_free(task.cancel_sender);
        scoped_done_receiver_free(task.done_receiver);
    }
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_forgotten_sender_never_cancels),
    TEST(waiting_gives_up_at_the_deadline_and_can_be_repeated),
    TEST(signals_outlive_the_tree),
    TEST(many_threads_may_wait_for_one_task),
    TEST(a_waiter_that_is_cancelled_leaves_the_wait_to_others),
    TEST(a_task_cannot_wait_for_itself),
    TEST(every_wait_knows_that_a_point_long_ago_has_passed),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "signals", .pSetUpFunc = set_up, .pTearDownFunc = tear_down, .pTests = tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
