/*
 * limits_test.c - points and lengths: what is refused, and when a scope ends
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/* A length that is taken for a point: the machine has run for longer. */
enum { LENGTH = 500 };

static void a_sum_that_does_not_fit_is_for_ever(void)
{
    CU_ASSERT(forkscope_after(INT64_MAX) == SCOPED_FOREVER);
    CU_ASSERT(forkscope_after(INT64_MAX - 1) == SCOPED_FOREVER);
    int64_t now = forkscope_after(0);
    CU_ASSERT(forkscope_after(-FORKSCOPE_S) >= now);
    CU_ASSERT(forkscope_after(FORKSCOPE_S) >= now + 1000 * FORKSCOPE_MS);
    CU_ASSERT(FORKSCOPE_MS == 1000 * FORKSCOPE_US);
}

static int pass_lengths(scoped_spawner self, void *arg)
{
    (void)arg;
    struct scoped_shield shield;
    struct scoped_options options = { .until = LENGTH };
    scoped_spawner never = { 0, 0 }, open;
    CU_ASSERT(scoped_sleep_until(LENGTH) == -EINVAL);
    CU_ASSERT(scoped_wait_fd_until(released.fd, POLLIN, LENGTH) == -EINVAL);
    CU_ASSERT(scoped_shield_begin_until(LENGTH, &shield) == -EINVAL);
    CU_ASSERT(scoped_scope_open(self, &options, &never) == -EINVAL);
    CU_ASSERT(scoped_spawner_open_with(&options, &never) == -EINVAL);
    CU_ASSERT(never.generation == 0);
    CU_ASSERT_FATAL(scoped_scope_open(self, NULL, &open) == 0);
    CU_ASSERT(scoped_close(open, LENGTH, NULL) == -EINVAL);
    CU_ASSERT(scoped_cancel_close(open, LENGTH, NULL) == -EINVAL);
    CU_ASSERT(scoped_scope_wait_room_until(open, LENGTH) == -EINVAL);
    CU_ASSERT(scoped_close(open, soon(), NULL) == 0);
    return 0;
}

static void a_length_is_no_point_in_any_function(void)
{
    struct scoped_parent_signals parent;
    struct scoped_child_signals child;
    CU_ASSERT_FATAL(scoped_spawn(root, pass_lengths, NULL, log_done) == 0);
    CU_ASSERT_FATAL(remote_spawner_spawn_raw_with_signal(root, &parent, &child) == 0);
    CU_ASSERT(scoped_done_receiver_wait_until(parent.done_receiver, LENGTH) == -EINVAL);
    CU_ASSERT(scoped_done_receiver_wait_started_until(parent.done_receiver, LENGTH) == -EINVAL);
    CU_ASSERT(scoped_cancel_receiver_wait_until(child.cancel_receiver, LENGTH) == -EINVAL);
    CU_ASSERT(scoped_executor_free_until(NULL, LENGTH) == -EINVAL);
    scoped_cancel_sender_free(parent.cancel_sender);
    CU_ASSERT(scoped_cancel_receiver_wait(child.cancel_receiver) == 0);
    scoped_cancel_receiver_free(child.cancel_receiver);
    scoped_done_sender_free(child.done_sender);
    scoped_done_receiver_free(parent.done_receiver);
    CU_ASSERT(scoped_close(root, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static void points_that_have_passed_are_points(void)
{
    int64_t past = forkscope_after(0);
    CU_ASSERT(scoped_sleep_until(0) == 0 && scoped_sleep_until(-1) == 0);
    CU_ASSERT(scoped_sleep_until(past) == 0);
    CU_ASSERT(scoped_sleep(0) == 0 && scoped_sleep(-FORKSCOPE_S) == 0);
    CU_ASSERT(scoped_wait_fd_until(released.fd, POLLIN, past) == -ETIMEDOUT);
}

static void a_copy_of_the_process_knows_the_points_of_before(void)
{
    int64_t point = forkscope_after(0);
    int status = -1;
    pid_t copy = fork();
    if (copy == 0)
        _exit(scoped_sleep_until(point) == 0 && scoped_sleep_until(LENGTH) == -EINVAL ? 0 : 1);
    CU_ASSERT(waitpid(copy, &status, 0) == copy && status == 0);
}

static void sleeping_takes_a_length(void)
{
    int64_t end = forkscope_after(2 * FORKSCOPE_MS);
    CU_ASSERT(scoped_sleep(2 * FORKSCOPE_MS) == 0);
    CU_ASSERT(forkscope_after(0) >= end);
}

static void check_ends(struct scoped_options options)
{
    scope_open(options);
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == -ETIME && outcome.timed_out && outcome.cancelled == 1);
}

static void the_earlier_of_limit_and_point_ends_a_scope(void)
{
    check_ends((struct scoped_options){ .time_limit = FORKSCOPE_MS });
    check_ends((struct scoped_options){ .time_limit = FORKSCOPE_MS, .until = SCOPED_FOREVER });
    check_ends((struct scoped_options){ .time_limit = 3600 * FORKSCOPE_S,
                                        .until = forkscope_after(FORKSCOPE_MS) });
    check_ends((struct scoped_options){ .until = -1 });
}

static void a_limit_that_fits_nothing_is_none(void)
{
    scope_open((struct scoped_options){ .time_limit = INT64_MAX });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == 0 && !outcome.timed_out);
    struct scoped_options negative = { .time_limit = -1 };
    CU_ASSERT(scoped_scope_open(root, &negative, &scope) == -EINVAL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_sum_that_does_not_fit_is_for_ever),
    TEST(a_length_is_no_point_in_any_function),
    TEST(points_that_have_passed_are_points),
    TEST(a_copy_of_the_process_knows_the_points_of_before),
    TEST(sleeping_takes_a_length),
    TEST(the_earlier_of_limit_and_point_ends_a_scope),
    TEST(a_limit_that_fits_nothing_is_none),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { ROOT_SUITE("limits", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
