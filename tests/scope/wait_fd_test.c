/*
 * wait_fd_test.c - the descriptor of a cancel, and waits for descriptors
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static int readable(int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    return poll(&polled, 1, 0);
}

static int cancel_fd;

static int show_fd(void *arg)
{
    (void)arg;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    CU_ASSERT(scoped_cancel_fd(&cancel_fd) == 0);
    CU_ASSERT(readable(cancel_fd) == 0);
    event_happen(started);
    struct pollfd polled = { .fd = cancel_fd, .events = POLLIN };
    CU_ASSERT(poll(&polled, 1, 10000) == 1);
    CU_ASSERT(scoped_cancelled());
    return 4;
}

static void the_cancel_descriptor_becomes_readable(void)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, show_fd, NULL, NULL, &task) == 0);
    CU_ASSERT(event_wait(started));
    scoped_cancel_sender_free(task.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    int status;
    CU_ASSERT(scoped_done_receiver_status(task.done_receiver, &status) == 0 && status == 4);
    scoped_done_receiver_free(task.done_receiver);
}

static void outside_of_tasks_there_is_nothing_to_cancel(void)
{
    int fd = -7;
    CU_ASSERT(scoped_cancel_fd(&fd) == -EPERM && fd == -7);
    CU_ASSERT(!scoped_cancelled());
    CU_ASSERT(scoped_checkpoint() == 0);
    CU_ASSERT(scoped_set_result("x") == -EPERM);
    CU_ASSERT(scoped_sleep_until(forkscope_after(1000)) == 0);
}

static int wait_on_pipe(void *fd)
{
    CU_ASSERT(scoped_wait_fd_until(*(int *)fd, POLLIN, forkscope_after(1000000)) == -ETIMEDOUT);
    event_happen(started);
    int error = scoped_wait_fd_until(*(int *)fd, POLLIN, soon());
    log_letter(error == 0 ? 'r' : '?');
    scoped_wait_fd_until(*(int *)fd, POLLPRI, SCOPED_FOREVER);
    log_letter('!');
    return 0;
}

static void waiting_for_a_descriptor_is_a_cancellation_point(void)
{
    int fds[2];
    CU_ASSERT_FATAL(pipe(fds) == 0);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, wait_on_pipe, &fds[0], NULL, &task) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(write(fds[1], "x", 1) == 1);
    int64_t deadline = forkscope_after(10000000);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, deadline) == -ETIMEDOUT);
    scoped_cancel_sender_free(task.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "r");
    scoped_done_receiver_free(task.done_receiver);
    close(fds[0]);
    close(fds[1]);
}

static int wait_for_nothing(void *arg)
{
    enum { NOT_OPEN = 333 };

    (void)arg;
    CU_ASSERT(scoped_wait_fd_until(NOT_OPEN, POLLIN, SCOPED_FOREVER) == -EBADF);
    CU_ASSERT(scoped_wait_fd_until(-1, POLLIN, SCOPED_FOREVER) == -EBADF);
    log_letter('b');
    return 0;
}

static void waiting_for_a_closed_descriptor_is_an_error(void)
{
    wait_for_nothing(NULL);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, wait_for_nothing, NULL, NULL, &task) == 0);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    scoped_cancel_sender_forget(task.cancel_sender);
    scoped_done_receiver_free(task.done_receiver);
    CU_ASSERT_STRING_EQUAL(log_letters(), "bb");
}

/* As a host does that closes all descriptors, and has a file of its own by the number then. */
static int take_cancel_fd(void *ret_number)
{
    int *number = ret_number;
    CU_ASSERT(scoped_cancel_fd(number) == 0);
    CU_ASSERT(dup2(released.fd, *number) == *number);
    scoped_notify_started();
    return scoped_wait_fd_until(released.fd, POLLIN, SCOPED_FOREVER);
}

static void a_wait_hears_of_a_cancel_also_when_its_descriptor_was_taken(void)
{
    int status, number = -1;
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, take_cancel_fd, &number, NULL, &task) == 0);
    CU_ASSERT(scoped_done_receiver_wait_started_until(task.done_receiver, soon()) == 0);
    scoped_cancel_sender_free(task.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_status(task.done_receiver, &status) == 0);
    CU_ASSERT(status == -ECANCELED);
    scoped_done_receiver_free(task.done_receiver);
    CU_ASSERT(close(number) == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_cancel_descriptor_becomes_readable),
    TEST(outside_of_tasks_there_is_nothing_to_cancel),
    TEST(waiting_for_a_descriptor_is_a_cancellation_point),
    TEST(waiting_for_a_closed_descriptor_is_an_error),
    TEST(a_wait_hears_of_a_cancel_also_when_its_descriptor_was_taken),
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
