/*
 * uncancelled_test.c - user functions that must return, since an operation of the library is half done: a
 * cancelled task is not cut short in them, neither in a wait of the library nor in a cancellation
 * point of POSIX. The same holds for clean-up handlers of a task that is being unwound
 */
#include "tests/support/closed.h"
#include "tests/support/user_executors.h"
#include "tests/support/scope_helpers.h"

#include "src/base/thread.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <poll.h>
#include <pthread.h>

static scoped_spawner own;                      /* of the task under test */
static scoped_spawner scope;                    /* that it opens */
static struct scoped_cancel_sender *sender;     /* that cancels it */
static struct pool pool;                        /* without threads */

/* Every cancellation point there is, from the library and from POSIX. */
static void take_time(void)
{
    log_letter('<');
    CU_ASSERT(scoped_sleep_until(forkscope_after(1000000)) == 0);
    CU_ASSERT(scoped_wait_fd_until(released.fd, POLLIN, forkscope_after(1000000)) == -ETIMEDOUT);
    CU_ASSERT(scoped_checkpoint() == 0);
    pthread_testcancel();
    log_letter('>');
}

static void cancel_then_take_time(void)
{
    CU_ASSERT(scoped_cancel(own) == 0);
    take_time();
}

/* The functions that the library calls: */

static intptr_t acquire(void *arg)
{
    (void)arg;
    cancel_then_take_time();
    return 7;
}

static intptr_t acquire_at_once(void *arg)
{
    (void)arg;
    return 8;
}

static void release(intptr_t resource)
{
    CU_ASSERT(resource == 7 || resource == 8);
    take_time();
}

static void on_misuse(int error, scoped_spawner spawner)
{
    (void)error, (void)spawner;
    cancel_then_take_time();
}

static int outcome(const struct scoped_policy *self, const struct scoped_progress *progress)
{
    (void)self, (void)progress;
    cancel_then_take_time();
    return 3;
}

/* Nothing of the library may be called here. */
static bool ended(const struct scoped_policy *self, const struct scoped_progress *progress,
                  int status)
{
    (void)self, (void)progress, (void)status;
    log_letter('<');
    pthread_testcancel();
    log_letter('>');
    return false;
}

static const struct scoped_policy policy = { ended, outcome };

static void on_failure(const struct scoped_failure *failure, void *arg)
{
    (void)failure, (void)arg;
    scoped_cancel_sender_free(sender);
    take_time();
}

static int refuse(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    (void)self, (void)run, (void)arg;
    cancel_then_take_time();
    return -EBUSY;
}

static int take_on(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    (void)self;
    cancel_then_take_time();
    return pool.base.execute(&pool.base, run, arg);
}

static struct scoped_executor refusing = { refuse }, slow = { take_on };

/* What calls them; each comes back, and the task is cancelled by then. */

static int fail(void *arg)
{
    (void)arg;
    return -EIO;
}

static void acquire_something(void)
{
    intptr_t resource = 0;
    CU_ASSERT(scoped_acquire(acquire, NULL, release, &resource) == 0 && resource == 7);
}

static void release_something(void)
{
    intptr_t resource;
    CU_ASSERT(scoped_acquire(acquire_at_once, NULL, release, &resource) == 0);
    scoped_cancel(own);
    CU_ASSERT(scoped_release(8, release) == 0);
}

static void misuse_a_spawner(void)
{
    scoped_set_misuse_hook(on_misuse);
    CU_ASSERT(scoped_cancel(root) == SCOPED_ENOTOWNER);
    scoped_set_misuse_hook(NULL);
}

static void open_with(struct scoped_options options)
{
    CU_ASSERT_FATAL(scoped_scope_open(own, &options, &scope) == 0);
    if (options.on_failure != NULL)
        CU_ASSERT_FATAL(scoped_cancel_sender_new(own, &sender) == 0);
}

static void close_a_scope(void)
{
    struct scoped_outcome result;
    open_with((struct scoped_options){ .policy = &policy });
    CU_ASSERT(scoped_close(scope, SCOPED_FOREVER, &result) == 3);
    CU_ASSERT(result.status == 3);
    CU_ASSERT(scoped_close(scope, 0, NULL) == SCOPED_ESTALE);
}

static void spawn_on_a_refusing_executor(void)
{
    open_with((struct scoped_options){ .executor = &refusing });
    CU_ASSERT(scoped_spawn_leaf(scope, fail, NULL, log_done) == -EBUSY);
}

static void spawn_on_a_slow_executor(void)
{
    open_with((struct scoped_options){ .executor = &slow });
    CU_ASSERT(scoped_spawn_leaf(scope, fail, NULL, NULL) == 0);
}

static void free_a_failed_sender(struct scoped_options options)
{
    struct scoped_child_signals child;
    open_with(options);
    CU_ASSERT_FATAL(remote_spawner_spawn_raw(scope, &child) == 0);
    scoped_cancel_receiver_free(child.cancel_receiver);
    scoped_done_sender_set_status(child.done_sender, -EIO);
    scoped_done_sender_free(child.done_sender);
}

static void hear_of_a_failure(void)
{
    free_a_failed_sender((struct scoped_options){ .on_failure = on_failure });
}

static void judge_a_failure(void)
{
    scoped_cancel(own);
    free_a_failed_sender((struct scoped_options){ .policy = &policy });
}

/* The child runs on top of the task, which is cancelled meanwhile; there is nothing left to wait for. */
static void hear_of_a_child_that_runs_here(void)
{
    open_with((struct scoped_options){ .on_failure = on_failure, .executor = &pool.base });
    CU_ASSERT(scoped_spawn_leaf(scope, fail, NULL, log_child_done) == 0);
    scoped_close(scope, SCOPED_FOREVER, NULL);
}

static int run_case(scoped_spawner self, void *call)
{
    own = self;
    (*(void (*const *)(void))call)();
    log_letter('c');
    return scoped_checkpoint();
}

static void check(void (*call)(void), const char *letters)
{
    static const enum scoped_cancel_mode modes[] = { SCOPED_CANCEL_FORCED, SCOPED_CANCEL_WAITS,
                                                     SCOPED_CANCEL_ASKS };
    for (int i = 0; i < 3; i++) {
        struct scoped_options options = { .cancel = modes[i] };
        struct scoped_parent_signals signals;
        scoped_spawner around;
        int status = 1;
        log_clear();
        CU_ASSERT_FATAL(scoped_scope_open(root, &options, &around) == 0);
        CU_ASSERT_FATAL(scoped_spawn_with_signal(around, run_case, &call, log_done, &signals) == 0);
        CU_ASSERT(scoped_done_receiver_wait_until(signals.done_receiver, soon()) == 0);
        CU_ASSERT(scoped_done_receiver_status(signals.done_receiver, &status) == 0);
        CU_ASSERT(status == -ECANCELED);
        CU_ASSERT_STRING_EQUAL(log_letters(), letters);
        scoped_cancel_sender_forget(signals.cancel_sender);
        scoped_done_receiver_free(signals.done_receiver);
        CU_ASSERT(scoped_close(around, soon(), NULL) == 0);
    }
}

static void set_up(void)
{
    pool_open(&pool, 0);
    root_set_up();
}

static void tear_down(void)
{
    root_tear_down();
    pool_close(&pool);
}

static void acquiring_is_not_cut_short(void)
{
    check(acquire_something, "<>c<>d");
}

static void releasing_is_not_cut_short(void)
{
    check(release_something, "<>cd");
}

static void a_misuse_hook_is_not_cut_short(void)
{
    check(misuse_a_spawner, "<>cd");
}

static void a_policys_outcome_is_not_cut_short(void)
{
    check(close_a_scope, "<>cd");
}

static void an_executor_is_not_cut_short(void)
{
    check(spawn_on_a_refusing_executor, "<>cd");
    check(spawn_on_a_slow_executor, "<>cd");
}

static void who_hears_of_a_failure_is_not_cut_short(void)
{
    check(hear_of_a_failure, "<>cd");
    check(hear_of_a_child_that_runs_here, "k<>cd");
}

static void who_judges_a_failure_is_not_cut_short(void)
{
    check(judge_a_failure, "<>c<>d");
}

/* Clean-up handlers. */

static void handler(void *arg)
{
    (void)arg;
    take_time();
}

static int until_cancelled(void *wait)
{
    pthread_cleanup_push(handler, NULL);
    pthread_cleanup_push(handler, NULL);
    event_happen(started);
    (*(void (*const *)(void))wait)();
    log_letter('!');
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return 0;
}

static void sleep_for_ever(void)
{
    scoped_sleep_until(SCOPED_FOREVER);
}

static void check_handlers(enum scoped_cancel_mode mode, void (*wait)(void))
{
    struct scoped_options options = { .cancel = mode };
    scoped_spawner around;
    log_clear();
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &around) == 0);
    CU_ASSERT_FATAL(scoped_spawn_leaf(around, until_cancelled, &wait, log_done) == 0);
    CU_ASSERT(event_wait(started));
    event_reset(started);
    CU_ASSERT(scoped_cancel(around) == 0);
    CU_ASSERT(scoped_close(around, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "<><>d");
}

static void clean_up_handlers_of_a_cancelled_task_run_to_their_end(void)
{
    check_handlers(SCOPED_CANCEL_FORCED, block_for_ever);
    check_handlers(SCOPED_CANCEL_FORCED, sleep_for_ever);
    check_handlers(SCOPED_CANCEL_WAITS, sleep_for_ever);
}

static void cancel_meanwhile(void *self)
{
    scoped_cancel(*(scoped_spawner *)self);
    log_letter(scoped_sleep_until(forkscope_after(1000000)) == 0 ? 's' : '?');
    log_letter('>');
}

static int exit_then_be_cancelled(scoped_spawner self, void *arg)
{
    event_happen(started);
    pthread_cleanup_push(cancel_meanwhile, &self);
    pthread_exit(arg);
    pthread_cleanup_pop(0);
    return 0;
}

static void a_cancel_while_the_handlers_of_pthread_exit_run_cuts_none_short(void)
{
    CU_ASSERT_FATAL(scoped_spawn(root, exit_then_be_cancelled, NULL, log_done) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(close_whatever(root, soon()) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "s>d");
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(acquiring_is_not_cut_short),
    TEST(releasing_is_not_cut_short),
    TEST(a_misuse_hook_is_not_cut_short),
    TEST(a_policys_outcome_is_not_cut_short),
    TEST(an_executor_is_not_cut_short),
    TEST(who_hears_of_a_failure_is_not_cut_short),
    TEST(who_judges_a_failure_is_not_cut_short),
    TEST(clean_up_handlers_of_a_cancelled_task_run_to_their_end),
    TEST(a_cancel_while_the_handlers_of_pthread_exit_run_cuts_none_short),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "held", .pSetUpFunc = set_up, .pTearDownFunc = tear_down, .pTests = tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
