/*
 * executor_test.c - the library's executors and those of a user
 */
#include "tests/support/closed.h"
#include "tests/support/user_executors.h"
#include "tests/support/scope_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/task.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct scoped_executor *executor;

static void set_up(void)
{
    log_clear();
    started = event_new();
    released = event_new();
}

static void tear_down(void)
{
    event_free(started);
    event_free(released);
}

static void open_cached(unsigned max_idle, int64_t idle_limit)
{
    CU_ASSERT_FATAL(scoped_cached_executor_new(NULL, max_idle, idle_limit, &executor) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(executor, &root) == 0);
}

static void close_cached(void)
{
    CU_ASSERT(close_whatever(root, soon()) == 0);
    scoped_executor_free(executor);
}

static int end_of(const struct scoped_parent_signals *signals)
{
    int status = 1;
    CU_ASSERT(scoped_done_receiver_wait_until(signals->done_receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_status(signals->done_receiver, &status) == 0);
    scoped_cancel_sender_forget(signals->cancel_sender);
    scoped_done_receiver_free(signals->done_receiver);
    return status;
}

static int run(scoped_leaf_function *function, void *arg)
{
    struct scoped_parent_signals signals;
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(root, function, arg, NULL, &signals) == 0);
    return end_of(&signals);
}

static void hold_until_released(void *arg)
{
    (void)arg;
    event_happen(started);
    CU_ASSERT(event_wait(released));
}

static void freeing_gives_up_at_the_deadline_and_can_be_repeated(void)
{
    CU_ASSERT_FATAL(scoped_cached_executor_new(NULL, 1, 0, &executor) == 0);
    CU_ASSERT_FATAL(executor->execute(executor, hold_until_released, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_executor_free_until(executor, 0) == -ETIMEDOUT);
    CU_ASSERT(scoped_executor_free_until(executor, forkscope_after(1000000)) == -ETIMEDOUT);
    event_happen(released);
    CU_ASSERT(scoped_executor_free_until(executor, soon()) == 0);
}

static void what_the_library_has_not_made_is_not_freed(void)
{
    struct scoped_executor own = { .execute = NULL };
    CU_ASSERT(scoped_executor_free_until(&own, soon()) == -EINVAL);
    CU_ASSERT(scoped_executor_free_until(scoped_thread_executor(), 0) == 0);
    CU_ASSERT(scoped_executor_free_until(NULL, 0) == 0);
}

static int note_thread(void *arg)
{
    *(pid_t *)arg = gettid();
    return 0;
}

static int for_ever(void *arg)
{
    note_thread(arg);
    event_happen(started);
    block_for_ever();
    return 0;
}

static void a_parked_thread_runs_the_next_task(void)
{
    pid_t last = 0, now = 1;
    open_cached(4, 0);
    /* A task is gone a moment before its thread is parked, so the next one may have another. */
    for (int i = 0; i < 1000 && now != last; i++) {
        last = now;
        run(note_thread, &now);
    }
    CU_ASSERT(now == last);
    close_cached();
}

static void a_cancelled_task_takes_its_thread_with_it(void)
{
    struct scoped_parent_signals signals;
    pid_t first, second;
    open_cached(1, 0);
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(root, for_ever, &first, NULL, &signals) == 0);
    CU_ASSERT(event_wait(started));
    scoped_cancel_sender_free(signals.cancel_sender);
    signals.cancel_sender = NULL;
    CU_ASSERT(end_of(&signals) == -ECANCELED);
    for (int i = 0; i < 100; i++) {
        run(note_thread, &second);
        CU_ASSERT(first != second);
    }
    close_cached();
}

static int cancel_then_return(scoped_spawner self, void *arg)
{
    scoped_cancel(self);
    return note_thread(arg);
}

static void a_cancel_that_came_too_late_hits_no_later_task(void)
{
    struct scoped_parent_signals signals;
    pid_t first;
    open_cached(4, 0);
    for (int i = 0; i < 100; i++) {
        CU_ASSERT_FATAL(scoped_spawn_with_signal(root, cancel_then_return, &first, NULL,
                                                 &signals) == 0);
        CU_ASSERT(end_of(&signals) == 0);
        CU_ASSERT(run(note_thread, &first) == 0);
    }
    close_cached();
}

static void idle_threads_end(void)
{
    pid_t first = 0, second = 0;
    open_cached(4, 1);
    run(note_thread, &first);
    struct timespec pause = { 0, 1000000 };
    for (int i = 0; i < 1000 && (second == 0 || first == second); i++) {
        nanosleep(&pause, NULL);
        run(note_thread, &second);
    }
    CU_ASSERT(first != second);
    close_cached();
}

struct seen {
    char name[16];
    size_t stack_size;
};

static int look_at_thread(void *arg)
{
    struct seen *seen = arg;
    pthread_attr_t attr;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &seen->stack_size);
    pthread_attr_destroy(&attr);
    return 0;
}

static void threads_have_the_attributes_asked_for(void)
{
    struct scoped_thread_attributes wanted = { .stack_size = 256 << 10,
                                               .name = "a-name-that-is-too-long" };
    struct seen seen;
    CU_ASSERT_FATAL(scoped_thread_executor_new(&wanted, &executor) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(executor, &root) == 0);
    run(look_at_thread, &seen);
    CU_ASSERT_STRING_EQUAL(seen.name, "a-name-that-is-");
    CU_ASSERT(seen.stack_size >= 256 << 10 && seen.stack_size < 1 << 20);
    close_cached();
}

static void bad_attributes_are_refused(void)
{
    struct scoped_thread_attributes tiny = { .stack_size = 1 };
    struct scoped_thread_attributes odd = { .policy = 12345 };
    struct scoped_executor *none = NULL;
    CU_ASSERT(scoped_thread_executor_new(&tiny, &none) == -EINVAL);
    CU_ASSERT(scoped_cached_executor_new(&odd, 1, 0, &none) == -EINVAL);
    CU_ASSERT(scoped_cached_executor_new(NULL, 1, -1, &none) == -EINVAL);
    CU_ASSERT(none == NULL);
}

/* A pool of the user's with one thread. */

static struct pool pool;

static void open_pool(void)
{
    pool_open(&pool, 1);
    CU_ASSERT_FATAL(scoped_spawner_open(&pool.base, &root) == 0);
}

static void close_pool(void)
{
    CU_ASSERT(close_whatever(root, soon()) == 0);
    pool_close(&pool);
}

static atomic_int sum;

static int add(void *arg)
{
    atomic_fetch_add(&sum, (int)(intptr_t)arg);
    return 0;
}

static int spawn_and_wait(scoped_spawner self, void *depth)
{
    struct scoped_parent_signals signals;
    intptr_t left = (intptr_t)depth;
    CU_ASSERT(scoped_spawn_leaf(self, add, (void *)1, NULL) == 0);
    if (left == 0)
        return 0;
    CU_ASSERT(scoped_spawn_with_signal(self, spawn_and_wait, (void *)(left - 1), NULL,
                                       &signals) == 0);
    int error = scoped_done_receiver_wait(signals.done_receiver);
    scoped_cancel_sender_forget(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    return error;
}

static void a_pool_of_one_thread_does_not_run_out(void)
{
    struct scoped_parent_signals signals;
    open_pool();
    CU_ASSERT(scoped_spawn_with_signal(root, spawn_and_wait, (void *)10, NULL, &signals) == 0);
    struct scoped_done_receiver *receiver = signals.done_receiver;
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, soon()) == 0);
    CU_ASSERT(end_of(&signals) == 0);
    close_pool();
}

static int until_asked(void *arg)
{
    (void)arg;
    event_happen(started);
    int error = scoped_sleep_until(SCOPED_FOREVER);
    log_letter(error == -ECANCELED ? 'a' : '?');
    log_letter(scoped_checkpoint() == -ECANCELED ? 'c' : '?');
    return 9;
}

static void on_a_users_pool_cancelling_only_asks(void)
{
    struct scoped_parent_signals signals;
    open_pool();
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, until_asked, NULL, NULL, &signals) == 0);
    CU_ASSERT(event_wait(started));
    scoped_cancel_sender_free(signals.cancel_sender);
    signals.cancel_sender = NULL;
    CU_ASSERT(end_of(&signals) == 9);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ac");
    close_pool();
}

static int hold_thread(void *arg)
{
    (void)arg;
    event_happen(started);
    return event_wait(released) ? 0 : -ETIME;
}

static void cancelled_in_the_queue_a_task_runs_only_done(void)
{
    struct scoped_parent_signals held, queued;
    open_pool();
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, hold_thread, NULL, NULL, &held) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_spawn_leaf_with_signal(root, until_asked, NULL, log_done, &queued) == 0);
    scoped_cancel_sender_free(queued.cancel_sender);
    queued.cancel_sender = NULL;
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    CU_ASSERT(end_of(&queued) == -ECANCELED);
    CU_ASSERT_STRING_EQUAL(log_letters(), "d");
    event_happen(released);
    CU_ASSERT(end_of(&held) == 0);
    close_pool();
}

static int spawn_refused(scoped_spawner self, void *arg)
{
    (void)arg;
    pool.full = true;
    int error = scoped_spawn(self, spawn_and_wait, NULL, log_done);
    pool.full = false;
    return error;
}

static void an_executor_that_refuses_is_an_error_to_the_spawner(void)
{
    struct scoped_parent_signals signals;
    open_pool();
    CU_ASSERT(scoped_spawn_with_signal(root, spawn_refused, NULL, NULL, &signals) == 0);
    CU_ASSERT(end_of(&signals) == -EAGAIN);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    close_pool();
}

static void no_thread_to_be_had_is_an_error_to_the_spawner(void)
{
    struct scoped_thread_attributes huge = { .stack_size = (size_t)1 << 50 };
    CU_ASSERT_FATAL(scoped_thread_executor_new(&huge, &executor) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(executor, &root) == 0);
    CU_ASSERT(scoped_spawn_leaf(root, add, NULL, log_done) == -EAGAIN);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    close_cached();
    CU_ASSERT_FATAL(scoped_cached_executor_new(&huge, 1, 0, &executor) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(executor, &root) == 0);
    CU_ASSERT(scoped_spawn_leaf(root, add, NULL, log_done) == -EAGAIN);
    close_cached();
}

static int read_name(void *name)
{
    pthread_getname_np(pthread_self(), name, 16);
    return 0;
}

static int take_a_name(void *name)
{
    CU_ASSERT(scoped_set_name("task by name") == 0);
    return read_name(name);
}

static void check_names(const struct scoped_thread_attributes *attributes, const char *unnamed)
{
    struct scoped_task_options options = { .name = "task by start" };
    struct scoped_task *task;
    char name[16];
    CU_ASSERT_FATAL(scoped_cached_executor_new(attributes, 1, 0, &executor) == 0);
    CU_ASSERT_FATAL(scoped_spawner_open(executor, &root) == 0);
    run(take_a_name, name);
    CU_ASSERT_STRING_EQUAL(name, "task by name");
    CU_ASSERT_FATAL(scoped_start_leaf(root, &options, read_name, name, &task) == 0);
    CU_ASSERT(scoped_task_join(task, NULL) == 0);
    CU_ASSERT_STRING_EQUAL(name, "task by start");
    for (int i = 0; i < 100; i++) {
        run(take_a_name, name);
        run(read_name, name);
        CU_ASSERT_STRING_EQUAL(name, unnamed);
    }
    close_cached();
}

static void a_thread_that_is_used_again_has_no_name_of_an_earlier_task(void)
{
    struct scoped_thread_attributes attributes = { .name = "mine" };
    char own[16];
    read_name(own);
    check_names(NULL, own);
    check_names(&attributes, "mine");
}

static void a_thread_of_the_programs_pool_keeps_its_name(void)
{
    char name[16], own[16];
    read_name(own);
    CU_ASSERT_FATAL(scoped_spawner_open(&inline_executor, &root) == 0);
    run(take_a_name, name);
    CU_ASSERT_STRING_EQUAL(name, own);
    CU_ASSERT(close_whatever(root, soon()) == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_parked_thread_runs_the_next_task),
    TEST(a_cancelled_task_takes_its_thread_with_it),
    TEST(a_cancel_that_came_too_late_hits_no_later_task),
    TEST(idle_threads_end),
    TEST(threads_have_the_attributes_asked_for),
    TEST(bad_attributes_are_refused),
    TEST(a_pool_of_one_thread_does_not_run_out),
    TEST(on_a_users_pool_cancelling_only_asks),
    TEST(cancelled_in_the_queue_a_task_runs_only_done),
    TEST(freeing_gives_up_at_the_deadline_and_can_be_repeated),
    TEST(what_the_library_has_not_made_is_not_freed),
    TEST(an_executor_that_refuses_is_an_error_to_the_spawner),
    TEST(no_thread_to_be_had_is_an_error_to_the_spawner),
    TEST(a_thread_that_is_used_again_has_no_name_of_an_earlier_task),
    TEST(a_thread_of_the_programs_pool_keeps_its_name),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "executors", .pSetUpFunc = set_up, .pTearDownFunc = tear_down, .pTests = tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
