/*
 * run_test.c - scoped_run: its body, its end, its limits and its signals; room by a descriptor
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int log_leaf(void *arg)
{
    log_letter(*(char *)arg);
    return 0;
}

static int spawn_two(scoped_spawner self, void *arg)
{
    CU_ASSERT(scoped_spawn_leaf(self, log_leaf, arg, NULL) == 0);
    return scoped_spawn_leaf(self, log_leaf, arg, NULL);
}

static void what_the_body_spawned_is_waited_for(void)
{
    CU_ASSERT(scoped_run(NULL, spawn_two, "a", &outcome) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "aa");
    CU_ASSERT(outcome.status == 0 && outcome.succeeded == 3 && outcome.signal == 0);
    CU_ASSERT(scoped_run(NULL, spawn_two, "a", NULL) == 0);
}

static int fail_at_once(scoped_spawner self, void *arg)
{
    (void)self, (void)arg;
    return -EIO;
}

static void a_failure_of_the_body_is_one_of_the_scope(void)
{
    CU_ASSERT(scoped_run(NULL, fail_at_once, NULL, &outcome) == -EIO);
    CU_ASSERT(outcome.status == -EIO && outcome.failed == 1 && outcome.failures != NULL);
    scoped_outcome_fini(&outcome);
    CU_ASSERT(scoped_run(NULL, fail_at_once, NULL, NULL) == -EIO);
}

static int block_body(scoped_spawner self, void *arg)
{
    (void)self;
    if (arg != NULL)
        event_happen(*(struct event *)arg);
    block_for_ever();
    return 0;
}

static void a_time_limit_ends_the_body_too(void)
{
    struct scoped_options options = { .time_limit = FORKSCOPE_MS };
    CU_ASSERT(scoped_run(&options, block_body, NULL, &outcome) == -ETIME);
    CU_ASSERT(outcome.timed_out && outcome.cancelled == 1);
}

static int cancel_own_scope(scoped_spawner self, void *arg)
{
    (void)arg;
    CU_ASSERT(scoped_close(self, soon(), NULL) == -EINVAL);
    CU_ASSERT(scoped_cancel(self) == 0);
    scoped_checkpoint();
    log_letter('!');
    return 0;
}

static void a_cancelled_scope_is_no_success(void)
{
    CU_ASSERT(scoped_run(NULL, cancel_own_scope, NULL, &outcome) == -ECANCELED);
    CU_ASSERT(outcome.cancelled == 1);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

static int wait_for_room(scoped_spawner self, void *arg)
{
    for (int i = 0; i < 4; i++)
        CU_ASSERT(scoped_spawn_leaf(self, log_leaf, arg, NULL) == 0);
    return 0;
}

static void the_body_takes_no_room(void)
{
    struct scoped_options options = { .max_tasks = 1 };
    CU_ASSERT(scoped_run(&options, wait_for_room, "a", NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "aaaa");
}

static void the_success_of_the_body_ends_no_race(void)
{
    struct scoped_options options = { .policy = &scoped_first_success };
    CU_ASSERT(scoped_run(&options, spawn_two, "a", &outcome) == 0);
    CU_ASSERT(outcome.succeeded >= 2);
    CU_ASSERT(log_letters()[0] == 'a');
}

static int use_after_the_end(scoped_spawner self, void *arg)
{
    scoped_spawner inner;
    *(scoped_spawner *)arg = self;
    CU_ASSERT_FATAL(scoped_scope_open(self, NULL, &inner) == 0);
    return scoped_spawn_leaf(inner, task_block, NULL, NULL);
}

static void what_the_body_leaves_open_ends_with_it(void)
{
    scoped_spawner stale;
    CU_ASSERT(scoped_run(NULL, use_after_the_end, &stale, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(stale, task_block, NULL, NULL) == SCOPED_ESTALE);
}

static int run_inside(scoped_spawner self, void *arg)
{
    (void)self;
    scoped_run(NULL, block_body, &started, arg);
    log_letter('!');
    return 0;
}

static void cancelling_the_caller_ends_the_body_first(void)
{
    CU_ASSERT_FATAL(scoped_spawn_with_signal(root, run_inside, NULL, log_done, &task) == 0);
    CU_ASSERT(event_wait(started));
    task_cancel();
    CU_ASSERT(task_status() == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
}

static int run_in_leaf(void *arg)
{
    return scoped_run(NULL, spawn_two, arg, NULL);
}

static void a_leaf_may_run_a_scope(void)
{
    task_spawn(root, run_in_leaf, "a");
    CU_ASSERT(task_end_status() == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "aa");
}

static void run_when_done(void *arg)
{
    (void)arg;
    CU_ASSERT(scoped_run(NULL, spawn_two, "a", NULL) == 0);
}

static void done_may_run_a_scope(void)
{
    CU_ASSERT(scoped_spawn_leaf(root, task_return, NULL, run_when_done) == 0);
    CU_ASSERT(scoped_close(root, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "aa");
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static void bad_options_are_refused(void)
{
    static const int none[] = { 12345, 0 }, kill_signal[] = { SIGTERM, SIGKILL, 0 };
    outcome.status = 77;
    struct scoped_options options = { .until = 500 };
    CU_ASSERT(scoped_run(&options, spawn_two, "a", &outcome) == -EINVAL);
    options = (struct scoped_options){ .grace = -1 };
    CU_ASSERT(scoped_run(&options, spawn_two, "a", &outcome) == -EINVAL);
    CU_ASSERT(scoped_scope_open(root, &options, &scope) == -EINVAL);
    CU_ASSERT(scoped_spawner_open_with(&options, &scope) == -EINVAL);
    options = (struct scoped_options){ .signals = none };
    CU_ASSERT(scoped_run(&options, spawn_two, "a", &outcome) == -EINVAL);
    options = (struct scoped_options){ .signals = kill_signal };
    CU_ASSERT(scoped_run(&options, spawn_two, "a", &outcome) == -EINVAL);
    CU_ASSERT(outcome.status == 77);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

static const int both[] = { SIGUSR1, SIGUSR2, 0 };

static int signal_itself(scoped_spawner self, void *arg)
{
    (void)self;
    kill(getpid(), *(int *)arg);
    block_for_ever();
    return 0;
}

static bool is_blocked(int number)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, number) == 1;
}

static void a_signal_cancels_the_scope(void)
{
    int number = SIGUSR2;
    struct scoped_options options = { .signals = both };
    CU_ASSERT(scoped_run(&options, signal_itself, &number, &outcome) == -ECANCELED);
    CU_ASSERT(outcome.signal == SIGUSR2 && outcome.cancelled == 1);
    CU_ASSERT(!is_blocked(SIGUSR1) && !is_blocked(SIGUSR2));
    CU_ASSERT(scoped_run(&options, spawn_two, "a", &outcome) == 0);
    CU_ASSERT(outcome.signal == 0);
}

static int outlast_a_signal(scoped_spawner self, void *arg)
{
    (void)self, (void)arg;
    kill(getpid(), SIGUSR1);
    CU_ASSERT(scoped_sleep_until(SCOPED_FOREVER) == -ECANCELED);
    kill(getpid(), SIGUSR2);
    while (true)
        pause();
    return 0;
}

/* In a copy, which the second signal ends. */
static void the_second_signal_acts_by_default(void)
{
    struct scoped_options options = { .signals = both, .cancel = SCOPED_CANCEL_ASKS };
    int status = 0;
    pid_t copy = fork();
    if (copy == 0) {
        alarm(60);
        scoped_run(&options, outlast_a_signal, NULL, NULL);
        _exit(1);
    }
    CU_ASSERT(waitpid(copy, &status, 0) == copy);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2);
}

static bool readable(int fd, int timeout)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    return poll(&polled, 1, timeout) == 1;
}

static void a_descriptor_tells_of_room(void)
{
    int fd = -1, again = -1;
    scope_open((struct scoped_options){ .max_tasks = 1 });
    CU_ASSERT_FATAL(scoped_scope_room_fd(scope, &fd) == 0);
    CU_ASSERT(readable(fd, 0));
    for (int i = 0; i < 3; i++) {
        CU_ASSERT(scoped_spawn_leaf(scope, task_return_when_released, NULL, NULL) == 0);
        CU_ASSERT(!readable(fd, 0));
        event_happen(released);
        CU_ASSERT(readable(fd, 60000));
        event_reset(released);
    }
    CU_ASSERT(scoped_scope_room_fd(scope, &again) == 0 && again == fd && readable(fd, 0));
    scope_close();
    CU_ASSERT(scoped_scope_room_fd(scope, &fd) == SCOPED_ESTALE);
}

static void a_descriptor_that_is_asked_for_late_tells_of_room_too(void)
{
    int fd = -1;
    scope_open((struct scoped_options){ .max_tasks = 1 });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, NULL, NULL) == 0);
    CU_ASSERT_FATAL(scoped_scope_room_fd(scope, &fd) == 0);
    CU_ASSERT(readable(fd, 60000));
    scope_close();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_the_body_spawned_is_waited_for),
    TEST(a_failure_of_the_body_is_one_of_the_scope),
    TEST(a_time_limit_ends_the_body_too),
    TEST(a_cancelled_scope_is_no_success),
    TEST(the_body_takes_no_room),
    TEST(the_success_of_the_body_ends_no_race),
    TEST(what_the_body_leaves_open_ends_with_it),
    TEST(cancelling_the_caller_ends_the_body_first),
    TEST(a_leaf_may_run_a_scope),
    TEST(done_may_run_a_scope),
    TEST(bad_options_are_refused),
    TEST(a_signal_cancels_the_scope),
    TEST(the_second_signal_acts_by_default),
    TEST(a_descriptor_tells_of_room),
    TEST(a_descriptor_that_is_asked_for_late_tells_of_room_too),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { ROOT_SUITE("run", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
