/*
 * done_test.c - signals that a task has started, and that it is done
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <poll.h>

static int start_then_block(void *arg)
{
    if (arg != NULL)
        CU_ASSERT(scoped_notify_started() == 0);
    event_wait(released);
    return 0;
}

static void who_spawns_can_wait_for_started(void)
{
    task_spawn(root, start_then_block, "yes");
    CU_ASSERT(scoped_done_receiver_wait_started_until(task.done_receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_poll(task.done_receiver) == -EAGAIN);
    event_happen(released);
    struct scoped_done_receiver *receiver = task.done_receiver;
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_wait_started_until(receiver, 0) == 0);
    CU_ASSERT(task_end_status() == 0);
    CU_ASSERT(scoped_notify_started() == -EPERM);
}

static void waiting_for_started_ends_with_the_task(void)
{
    task_spawn(root, start_then_block, NULL);
    int64_t deadline = forkscope_after(1000000);
    struct scoped_done_receiver *receiver = task.done_receiver;
    CU_ASSERT(scoped_done_receiver_wait_started_until(receiver, deadline) == -ETIMEDOUT);
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait_started_until(receiver, soon()) == SCOPED_ENOTSTARTED);
    CU_ASSERT(task_end_status() == 0);
}

static void the_done_descriptor_tells_that_the_task_is_gone(void)
{
    struct pollfd polled = { .events = POLLIN };
    task_spawn(root, start_then_block, NULL);
    CU_ASSERT(scoped_done_receiver_fd(task.done_receiver, &polled.fd) == 0);
    CU_ASSERT(poll(&polled, 1, 1) == 0);
    event_happen(released);
    CU_ASSERT(poll(&polled, 1, 10000) == 1);
    CU_ASSERT(scoped_done_receiver_poll(task.done_receiver) == 0);
    int fd = -1;
    CU_ASSERT(scoped_done_receiver_fd(task.done_receiver, &fd) == 0 && fd == polled.fd);
    CU_ASSERT(task_end_status() == 0);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void a_done_descriptor_asked_for_late_is_readable(void)
{
    struct pollfd polled = { .events = POLLIN };
    task_spawn(root, nothing, NULL);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_fd(task.done_receiver, &polled.fd) == 0);
    CU_ASSERT(poll(&polled, 1, 0) == 1);
    CU_ASSERT(task_end_status() == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(who_spawns_can_wait_for_started),
    TEST(waiting_for_started_ends_with_the_task),
    TEST(the_done_descriptor_tells_that_the_task_is_gone),
    TEST(a_done_descriptor_asked_for_late_is_readable),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("cancelling", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
