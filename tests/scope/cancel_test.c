/*
 * cancel_test.c - cancel modes, grace times and shields
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

static bool asked_within(int64_t nanoseconds)
{
    struct pollfd polled = { .events = POLLIN };
    CU_ASSERT(scoped_cancel_fd(&polled.fd) == 0);
    return poll(&polled, 1, (int)(nanoseconds / 1000000)) == 1;
}

static int finish_when_asked(void *arg)
{
    (void)arg;
    event_happen(started);
    log_letter(scoped_sleep_until(SCOPED_FOREVER) == -ECANCELED ? 'a' : '?');
    log_letter(scoped_checkpoint() == -ECANCELED ? 'c' : '?');
    log_letter(scoped_cancelled() ? 'y' : '?');
    return 5;
}

static void check_that_asking_suffices(struct scoped_options options)
{
    scope_open(options);
    task_spawn(scope, finish_when_asked, NULL);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == 5);
    CU_ASSERT_STRING_EQUAL(log_letters(), "acy");
    scope_close();
}

static void a_grace_time_lets_a_task_finish(void)
{
    check_that_asking_suffices((struct scoped_options){ .grace = INT64_C(60000000000) });
}

static int ignore_the_ask(void *arg)
{
    (void)arg;
    event_happen(started);
    log_letter(scoped_sleep_until(SCOPED_FOREVER) == -ECANCELED ? 'a' : '?');
    while (scoped_checkpoint() == -ECANCELED)
        sched_yield();
    log_letter('!');
    return 0;
}

static void after_the_grace_time_it_is_forced(void)
{
    static const int64_t grace = INT64_C(50000000);     /* on a slow machine, too, it hears of it */
    int64_t before = forkscope_after(0);
    scope_open((struct scoped_options){ .grace = grace });
    task_spawn(scope, ignore_the_ask, NULL);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT(forkscope_after(0) - before >= grace);
    CU_ASSERT_STRING_EQUAL(log_letters(), "a");
    scope_close();
}

static int read_then_wait(void *fd)
{
    char byte;
    event_happen(started);
    log_letter(read(*(int *)fd, &byte, 1) == 1 ? 'r' : '?');
    log_letter(scoped_cancelled() ? 'y' : '?');
    scoped_checkpoint();
    log_letter('!');
    return 0;
}

static void in_the_waits_mode_only_the_library_cancels(void)
{
    int fds[2];
    CU_ASSERT_FATAL(pipe(fds) == 0);
    scope_open((struct scoped_options){ .cancel = SCOPED_CANCEL_WAITS });
    task_spawn(scope, read_then_wait, &fds[0]);
    CU_ASSERT(event_wait(started));
    task_cancel();
    int64_t deadline = forkscope_after(5000000);
    CU_ASSERT(scoped_done_receiver_wait_until(task.done_receiver, deadline) == -ETIMEDOUT);
    CU_ASSERT(write(fds[1], "x", 1) == 1);
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ry");
    scope_close();
    close(fds[0]);
    close(fds[1]);
}

static void in_the_asking_mode_nothing_is_cancelled(void)
{
    check_that_asking_suffices((struct scoped_options){ .cancel = SCOPED_CANCEL_ASKS });
}

static int work_shielded(void *arg)
{
    struct scoped_shield shield, inner;
    (void)arg;
    CU_ASSERT(scoped_shield_begin_until(soon(), &shield) == 0);
    event_happen(started);
    CU_ASSERT(asked_within(10000000000));
    CU_ASSERT(scoped_sleep_until(forkscope_after(1000000)) == 0);
    CU_ASSERT(scoped_wait_fd_until(released.fd, POLLIN, forkscope_after(1000000)) == -ETIMEDOUT);
    CU_ASSERT(scoped_checkpoint() == 0);
    CU_ASSERT(scoped_shield_begin_until(soon(), &inner) == 0);
    CU_ASSERT(scoped_shield_end(&inner) == 0);
    log_letter('s');
    scoped_shield_end(&shield);
    log_letter('!');
    return 0;
}

static void a_shield_puts_a_cancel_off_until_its_end(void)
{
    task_spawn(root, work_shielded, NULL);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "s");
}

static int hide_for_ever(void *arg)
{
    struct scoped_shield shield;
    CU_ASSERT(scoped_shield_begin_until(forkscope_after(5000000), &shield) == 0);
    event_happen(started);
    if (arg != NULL)
        scoped_wait_fd_until(released.fd, POLLIN, SCOPED_FOREVER);
    else
        block_for_ever();
    log_letter('!');
    return 0;
}

static void a_shield_holds_no_longer_than_its_deadline(void)
{
    for (int i = 0; i < 2; i++) {
        task_spawn(root, hide_for_ever, i == 0 ? NULL : "in a wait");
        CU_ASSERT(event_wait(started));
        task_cancel();
        CU_ASSERT(task_end_status() == -ECANCELED);
        event_reset(started);
    }
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

/* Cancelled in the outer shield, the task gets no more time than the inner one gives. */
static int shield_within_shield(void *arg)
{
    struct scoped_shield outer, inner;
    (void)arg;
    CU_ASSERT(scoped_shield_begin_until(soon(), &outer) == 0);
    event_happen(started);
    CU_ASSERT(asked_within(10000000000));
    CU_ASSERT(scoped_shield_begin_until(forkscope_after(5000000), &inner) == 0);
    block_for_ever();
    log_letter('!');
    return 0;
}

static void the_nearer_shield_counts_also_after_the_cancel(void)
{
    int64_t before = forkscope_after(0);
    task_spawn(root, shield_within_shield, NULL);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT(forkscope_after(0) - before < INT64_C(10000000000));
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

static int shield_after_cancel(scoped_spawner self, void *arg)
{
    struct scoped_shield shield;
    (void)arg;
    CU_ASSERT(scoped_shield_begin_until(SCOPED_FOREVER, &shield) == -EINVAL);
    scoped_cancel(self);
    scoped_shield_begin_until(soon(), &shield);
    log_letter('!');
    return 0;
}

static void a_shield_does_not_undo_a_cancel(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, shield_after_cancel, NULL, NULL, &task) == 0);
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_grace_time_lets_a_task_finish),
    TEST(after_the_grace_time_it_is_forced),
    TEST(in_the_waits_mode_only_the_library_cancels),
    TEST(in_the_asking_mode_nothing_is_cancelled),
    TEST(a_shield_puts_a_cancel_off_until_its_end),
    TEST(a_shield_holds_no_longer_than_its_deadline),
    TEST(a_shield_does_not_undo_a_cancel),
    TEST(the_nearer_shield_counts_also_after_the_cancel),
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
