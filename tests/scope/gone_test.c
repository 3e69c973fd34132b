/*
 * gone_test.c - threads of tasks that are done: joined at once, or lingering
 */
#include "src/scope/node.h"
#include "src/scope/timer_loop.h"
#include "src/scope/timer_thread.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void a_busy_owner_keeps_no_finished_threads(void)
{
    enum { TASKS = 3000 };
    for (int i = 0; i < TASKS; i++)
        CU_ASSERT_FATAL(scoped_spawn_leaf(root, nothing, NULL, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, nothing, NULL, NULL, &task) == 0);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    scoped_cancel_sender_free(task.cancel_sender);
    scoped_done_receiver_free(task.done_receiver);
}

/* Tasks whose threads linger when all phases are over, until they are released. */

static pthread_key_t lingers;

static void wait_until_released(void *value)
{
    (void)value;
    event_wait(released);
}

static int linger(void *arg)
{
    (void)arg;
    pthread_setspecific(lingers, "value");
    return 0;
}

static void wait_for_done(struct scoped_done_receiver *receiver)
{
    struct node *node = (struct node *)receiver;
    while (node->state < NODE_DONE)
        sched_yield();
}

static struct scoped_done_receiver *spawn_lingering(int *ret_fd)
{
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(root, linger, NULL, NULL, &task) == 0);
    scoped_cancel_sender_forget(task.cancel_sender);
    wait_for_done(task.done_receiver);
    CU_ASSERT(scoped_done_receiver_fd(task.done_receiver, ret_fd) == 0);
    return task.done_receiver;
}

static void a_done_descriptor_may_be_asked_for_again_and_again(void)
{
    enum { TASKS = 3 };
    struct scoped_done_receiver *receivers[TASKS];
    struct pollfd polled = { .events = POLLIN };
    CU_ASSERT_FATAL(pthread_key_create(&lingers, wait_until_released) == 0);
    for (int i = 0; i < TASKS; i++)
        receivers[i] = spawn_lingering(&polled.fd);
    for (int i = 0; i < 5 * TASKS; i++) {
        struct scoped_done_receiver *receiver = receivers[i % TASKS];
        int64_t deadline = forkscope_after(1000000);
        CU_ASSERT(scoped_done_receiver_fd(receiver, &polled.fd) == 0);
        CU_ASSERT(scoped_done_receiver_poll(receiver) == -EAGAIN);
        CU_ASSERT(scoped_done_receiver_wait_until(receiver, deadline) == -ETIMEDOUT);
    }
    event_happen(released);
    for (int i = 0; i < TASKS; i++) {
        CU_ASSERT(scoped_done_receiver_fd(receivers[i], &polled.fd) == 0);
        CU_ASSERT(poll(&polled, 1, 20000) == 1);
        CU_ASSERT(scoped_done_receiver_poll(receivers[i]) == 0);
        scoped_done_receiver_free(receivers[i]);
    }
    pthread_key_delete(lingers);
}

static void lingering_threads_hold_up_no_deadline(void)
{
    scoped_spawner scope;
    int fd;
    CU_ASSERT_FATAL(pthread_key_create(&lingers, wait_until_released) == 0);
    struct scoped_done_receiver *receiver = spawn_lingering(&fd);
    struct scoped_options options = { .until = forkscope_after(1000000) };
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == -ETIME);
    CU_ASSERT(scoped_done_receiver_poll(receiver) == -EAGAIN);
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, soon()) == 0);
    scoped_done_receiver_free(receiver);
    pthread_key_delete(lingers);
}

/* A receiver that outlives its tree asks for the timer thread a moment too late. */
static void a_tree_that_has_ended_starts_no_thread(void)
{
    struct node *root_node = scoped__tree_new(scoped_thread_executor(), scoped__timer_loop);
    CU_ASSERT_FATAL(root_node != NULL);
    scoped__timer_thread_stop(root_node->tree);
    CU_ASSERT(scoped__timer_thread_start(root_node->tree) == 0);
    CU_ASSERT(!root_node->tree->timer_thread.runs);
    scoped__node_release(root_node);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_busy_owner_keeps_no_finished_threads),
    TEST(a_done_descriptor_may_be_asked_for_again_and_again),
    TEST(lingering_threads_hold_up_no_deadline),
    TEST(a_tree_that_has_ended_starts_no_thread),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("signals", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
