/*
 * cancel_test.c - cancel modes, grace times, shields, deferred functions, started and done
 * descriptors
 */
#include "src/base/thread.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/error.h>
#include <poll.h>
#include <pthread.h>
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
    int64_t before = scoped_deadline_in(0);
    scope_open((struct scoped_options){ .grace = 5000000 });
    task_spawn(scope, ignore_the_ask, NULL);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT(scoped_deadline_in(0) - before >= 5000000);
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
    int64_t deadline = scoped_deadline_in(5000000);
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
    CU_ASSERT(scoped_shield_begin(soon(), &shield) == 0);
    event_happen(started);
    CU_ASSERT(asked_within(10000000000));
    CU_ASSERT(scoped_sleep_until(scoped_deadline_in(1000000)) == 0);
    CU_ASSERT(scoped_wait_fd(released.fd, POLLIN, scoped_deadline_in(1000000)) == -ETIMEDOUT);
    CU_ASSERT(scoped_checkpoint() == 0);
    CU_ASSERT(scoped_shield_begin(soon(), &inner) == 0);
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
    CU_ASSERT(scoped_shield_begin(scoped_deadline_in(5000000), &shield) == 0);
    event_happen(started);
    if (arg != NULL)
        scoped_wait_fd(released.fd, POLLIN, SCOPED_FOREVER);
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
    CU_ASSERT(scoped_shield_begin(soon(), &outer) == 0);
    event_happen(started);
    CU_ASSERT(asked_within(10000000000));
    CU_ASSERT(scoped_shield_begin(scoped_deadline_in(5000000), &inner) == 0);
    block_for_ever();
    log_letter('!');
    return 0;
}

static void the_nearer_shield_counts_also_after_the_cancel(void)
{
    int64_t before = scoped_deadline_in(0);
    task_spawn(root, shield_within_shield, NULL);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT(scoped_deadline_in(0) - before < INT64_C(10000000000));
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

static int shield_after_cancel(scoped_spawner self, void *arg)
{
    struct scoped_shield shield;
    (void)arg;
    CU_ASSERT(scoped_shield_begin(SCOPED_FOREVER, &shield) == -EINVAL);
    scoped_cancel(self);
    scoped_shield_begin(soon(), &shield);
    log_letter('!');
    return 0;
}

static void a_shield_does_not_undo_a_cancel(void)
{
    CU_ASSERT(scoped_spawn_with_signal(root, shield_after_cancel, NULL, NULL, &task) == 0);
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

static void log_one(void *letter)
{
    log_letter(*(const char *)letter);
}

static void log_handler(void *arg)
{
    (void)arg;
    log_letter('h');
}

static int defer_twice(void *blocks)
{
    pthread_cleanup_push(log_handler, NULL);
    CU_ASSERT(scoped_defer(log_one, "1") == 0);
    CU_ASSERT(scoped_defer(log_one, "2") == 0);
    event_happen(started);
    if (blocks != NULL)
        block_for_ever();
    pthread_cleanup_pop(1);
    return 0;
}

static void deferred_calls_run_last_first_however_the_task_ends(void)
{
    CU_ASSERT(scoped_defer(log_one, "x") == -EPERM);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, defer_twice, NULL, log_done, &task) == 0);
    CU_ASSERT(task_end_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "h21d");
    log_clear();
    event_reset(started);
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, defer_twice, "x", log_done, &task) == 0);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_end_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "h21d");
}

static intptr_t open_file(void *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void close_file(intptr_t fd)
{
    log_letter('x');
    close((int)fd);
}

static int acquire_three(void *arg)
{
    intptr_t first, second, none = 77;
    (void)arg;
    CU_ASSERT(scoped_acquire(open_file, "/nowhere", close_file, &none) == -ENOENT && none == 77);
    CU_ASSERT(scoped_acquire(open_file, "/dev/null", close_file, &first) == 0);
    CU_ASSERT(scoped_acquire(open_file, "/dev/null", close_file, &second) == 0);
    CU_ASSERT(scoped_release(first, close_file) == 0);
    CU_ASSERT(scoped_release(first, close_file) == -ENOENT);
    log_letter('-');
    return 0;
}

static void what_was_acquired_is_released_once(void)
{
    task_spawn(root, acquire_three, NULL);
    CU_ASSERT(task_end_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "x-x");
    intptr_t fd;
    CU_ASSERT(scoped_acquire(open_file, "/dev/null", close_file, &fd) == -EPERM);
    CU_ASSERT(scoped_release(3, close_file) == -EPERM);
}

static void close_silently(intptr_t fd)
{
    close((int)fd);
}

static int open_and_release(void *arg)
{
    (void)arg;
    event_happen(started);
    for (;;) {
        intptr_t fd;
        if (scoped_acquire(open_file, "/dev/null", close_silently, &fd) == 0)
            scoped_release(fd, close_silently);
    }
    return 0;
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void cancelled_acquisitions_lose_no_descriptor(void)
{
    int cancels = base__join_cancelable() ? 20000 : 2000;
    int before = count_descriptors();
    for (int i = 0; i < cancels; i++) {
        task_spawn(root, open_and_release, NULL);
        for (int spin = 0; spin < i % 64 * 50; spin++)
            __asm__ volatile("");
        task_cancel();
        CU_ASSERT_FATAL(task_end_status() == -ECANCELED);
    }
    CU_ASSERT(count_descriptors() == before);
}

static int start_then_block(void *arg)
{
    if (arg != NULL)
        CU_ASSERT(scoped_started() == 0);
    event_wait(released);
    return 0;
}

static void who_spawns_can_wait_for_started(void)
{
    task_spawn(root, start_then_block, "yes");
    CU_ASSERT(scoped_done_receiver_wait_started(task.done_receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_poll(task.done_receiver) == -EAGAIN);
    event_happen(released);
    struct scoped_done_receiver *receiver = task.done_receiver;
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_wait_started(receiver, 0) == 0);
    CU_ASSERT(task_end_status() == 0);
    CU_ASSERT(scoped_started() == -EPERM);
}

static void waiting_for_started_ends_with_the_task(void)
{
    task_spawn(root, start_then_block, NULL);
    int64_t deadline = scoped_deadline_in(1000000);
    struct scoped_done_receiver *receiver = task.done_receiver;
    CU_ASSERT(scoped_done_receiver_wait_started(receiver, deadline) == -ETIMEDOUT);
    event_happen(released);
    CU_ASSERT(scoped_done_receiver_wait_started(receiver, soon()) == SCOPED_ENOTSTARTED);
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
    TEST(a_grace_time_lets_a_task_finish),
    TEST(after_the_grace_time_it_is_forced),
    TEST(in_the_waits_mode_only_the_library_cancels),
    TEST(in_the_asking_mode_nothing_is_cancelled),
    TEST(a_shield_puts_a_cancel_off_until_its_end),
    TEST(a_shield_holds_no_longer_than_its_deadline),
    TEST(a_shield_does_not_undo_a_cancel),
    TEST(the_nearer_shield_counts_also_after_the_cancel),
    TEST(deferred_calls_run_last_first_however_the_task_ends),
    TEST(what_was_acquired_is_released_once),
    TEST(cancelled_acquisitions_lose_no_descriptor),
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
