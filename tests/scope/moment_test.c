/*
 * moment_test.c - a cancel at each possible moment
 *
 * The library decides under a tree's lock. So a task is cancelled just before each lock that it
 * takes, one lock after the other until there are no more: all that was read before the lock is
 * then out of date.
 */
#include "tests/support/user_executors.h"
#include "tests/support/scope_helpers.h"

#include "src/scope/node.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <pthread.h>
#include <stdatomic.h>

/* Locks that the calling thread takes before its task is cancelled; 0: it is not. */
static __thread unsigned locks_left;
static struct scoped_cancel_sender *sender;

void __real_scoped__lock(struct tree *tree);
void __wrap_scoped__lock(struct tree *tree);
void __wrap_scoped__lock(struct tree *tree)
{
    if (locks_left > 0 && --locks_left == 0) {
        scoped_cancel_sender_free(sender);
        sender = NULL;
    }
    __real_scoped__lock(tree);
}

static struct pool pool;                /* without threads */
static atomic_int held;                 /* acquired and not yet released */
static atomic_int done_calls, spawns;

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

/* What a task does while it is cancelled. */

static void count_done(void *arg)
{
    (void)arg;
    atomic_fetch_add(&done_calls, 1);
}

static int at_once(void *arg)
{
    (void)arg;
    return scoped_checkpoint();
}

static int sleep_briefly(void *arg)
{
    (void)arg;
    scoped_notify_started();
    return scoped_sleep_until(forkscope_after(1000));
}

static void left_shield(void *inside)
{
    CU_ASSERT(!*(volatile bool *)inside);
}

static void shield(scoped_spawner self)
{
    struct scoped_shield outer, inner;
    volatile bool inside = false;
    (void)self;
    pthread_cleanup_push(left_shield, (void *)&inside);
    if (scoped_shield_begin_until(soon(), &outer) == 0) {
        inside = true;
        pthread_testcancel();
        CU_ASSERT(scoped_sleep_until(forkscope_after(1000)) == 0);
        CU_ASSERT(scoped_shield_begin_until(soon(), &inner) == 0);
        CU_ASSERT(scoped_checkpoint() == 0);
        CU_ASSERT(scoped_shield_end(&inner) == 0);
        inside = false;
        scoped_shield_end(&outer);
    }
    pthread_cleanup_pop(0);
}

static intptr_t take(void *arg)
{
    scoped_set_result(arg);
    atomic_fetch_add(&held, 1);
    CU_ASSERT(scoped_sleep_until(forkscope_after(1000)) == 0);
    return 1;
}

static void give(intptr_t resource)
{
    scoped_set_result((void *)resource);
    atomic_fetch_sub(&held, 1);
    CU_ASSERT(scoped_sleep_until(forkscope_after(1000)) == 0);
}

static void acquire(scoped_spawner self)
{
    intptr_t resource = 0;
    (void)self;
    if (scoped_acquire(take, NULL, give, &resource) == 0)
        CU_ASSERT(scoped_release(resource, give) == 0);
    scoped_acquire(take, NULL, give, &resource);
}

static void spawn_leaf(scoped_spawner where, struct scoped_parent_signals *ret_signals)
{
    int error = ret_signals != NULL
                    ? scoped_spawn_leaf_with_signal(where, sleep_briefly, NULL, count_done,
                                                    ret_signals)
                    : scoped_spawn_leaf(where, at_once, NULL, count_done);
    CU_ASSERT(error == 0 || error == -ECANCELED);
    atomic_fetch_add(&spawns, error == 0);
    if (error == 0 && ret_signals != NULL)
        scoped_cancel_sender_forget(ret_signals->cancel_sender);
}

static void free_receiver(void *receiver)
{
    scoped_done_receiver_free(receiver);
}

static void wait_for_child(scoped_spawner self)
{
    struct scoped_parent_signals child = { NULL, NULL };
    int fd;
    spawn_leaf(self, &child);
    pthread_cleanup_push(free_receiver, child.done_receiver);
    CU_ASSERT(scoped_done_receiver_fd(child.done_receiver, &fd) == 0);
    scoped_done_receiver_poll(child.done_receiver);
    scoped_done_receiver_wait_until(child.done_receiver, soon());
    scoped_done_receiver_wait(child.done_receiver);
    pthread_cleanup_pop(1);
}

static void wait_for_start(scoped_spawner self)
{
    struct scoped_parent_signals child = { NULL, NULL };
    spawn_leaf(self, &child);
    pthread_cleanup_push(free_receiver, child.done_receiver);
    scoped_done_receiver_wait_started_until(child.done_receiver, soon());
    pthread_cleanup_pop(1);
}

static void close_scopes(scoped_spawner self)
{
    struct scoped_options options = { .until = soon(), .max_tasks = 1 };
    scoped_spawner outer, scope;
    if (scoped_scope_open(self, &options, &outer) < 0)
        CU_FAIL("open");
    if (scoped_scope_open(outer, NULL, &scope) < 0)
        CU_FAIL("open inside");
    spawn_leaf(scope, NULL);
    spawn_leaf(scope, NULL);
    scoped_close(scope, soon(), NULL);
    spawn_leaf(outer, NULL);
    spawn_leaf(outer, NULL);
    scoped_scope_wait_room_until(outer, soon());
    scoped_close(outer, SCOPED_FOREVER, NULL);
}

static void close_a_root(scoped_spawner self)
{
    scoped_spawner other;
    (void)self;
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &other) == 0);
    wait_for_child(other);
    spawn_leaf(other, NULL);
    scoped_cancel_close(other, SCOPED_FOREVER, NULL);
}

static void run_remotely(scoped_spawner self)
{
    struct scoped_child_signals child = { NULL, NULL };
    remote_scope_run_leaf(child, sleep_briefly, NULL, NULL);
    CU_ASSERT(remote_spawner_spawn_raw(self, &child) == 0);
    remote_scope_run_leaf(child, sleep_briefly, NULL, count_done);
    atomic_fetch_add(&spawns, 1);
    CU_ASSERT(remote_spawner_spawn_raw(self, &child) == 0);
    scoped_cancel_receiver_free(child.cancel_receiver);
    scoped_done_sender_free(child.done_sender);
}

/* In a scope of another executor. */
static void with_executor(scoped_spawner self, struct scoped_executor *executor)
{
    struct scoped_options options = { .executor = executor };
    scoped_spawner scope;
    CU_ASSERT_FATAL(scoped_scope_open(self, &options, &scope) == 0);
    wait_for_child(scope);
    close_scopes(scope);
    scoped_close(scope, SCOPED_FOREVER, NULL);
}

static void run_its_children(scoped_spawner self)
{
    with_executor(self, &pool.base);
}

static void spawn_inline(scoped_spawner self)
{
    with_executor(self, &inline_executor);
}

static void run_children_of_a_root(scoped_spawner self)
{
    scoped_spawner other;
    (void)self;
    CU_ASSERT_FATAL(scoped_spawner_open(&pool.base, &other) == 0);
    wait_for_child(other);
    close_scopes(other);
}

/* One task, cancelled before its nth lock. */

struct moment {
    void (*act)(scoped_spawner self);
    unsigned lock;
    bool reached;
};

static int act(scoped_spawner self, void *arg)
{
    struct moment *moment = arg;
    CU_ASSERT_FATAL(scoped_cancel_sender_new(self, &sender) == 0);
    locks_left = moment->lock;
    moment->reached = true;
    moment->act(self);
    moment->reached = locks_left == 0;
    locks_left = 0;
    if (moment->reached)
        scoped_sleep_until(SCOPED_FOREVER);
    scoped_cancel_sender_forget(sender);
    return moment->reached ? -ECANCELED : 0;
}

/* Whether there is such a lock. The task ends as one that was cancelled, and nothing is left. */
static bool cancel_before_lock(scoped_spawner scope, void (*what)(scoped_spawner), unsigned lock)
{
    struct moment moment = { what, lock, false };
    struct scoped_parent_signals signals;
    int status = 1;
    atomic_store(&spawns, 1);
    atomic_store(&done_calls, 0);
    CU_ASSERT_FATAL(scoped_spawn_with_signal(scope, act, &moment, count_done, &signals) == 0);
    CU_ASSERT_FATAL(scoped_done_receiver_wait_until(signals.done_receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_status(signals.done_receiver, &status) == 0);
    CU_ASSERT(status == (moment.reached ? -ECANCELED : 0));
    CU_ASSERT(atomic_load(&held) == 0);
    CU_ASSERT(atomic_load(&done_calls) == atomic_load(&spawns));
    scoped_cancel_sender_forget(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    while (pool_run_one(&pool))
        continue;
    return moment.reached;
}

static void cancel_at_each_lock(struct scoped_options options, void (*what)(scoped_spawner))
{
    scoped_spawner scope;
    unsigned lock = 1;
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
    while (cancel_before_lock(scope, what, lock))
        lock++;
    CU_ASSERT(lock > 1);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == 0);
}

static void check(void (*what)(scoped_spawner))
{
    cancel_at_each_lock((struct scoped_options){ .cancel = SCOPED_CANCEL_FORCED }, what);
    cancel_at_each_lock((struct scoped_options){ .cancel = SCOPED_CANCEL_WAITS }, what);
    cancel_at_each_lock((struct scoped_options){ .cancel = SCOPED_CANCEL_ASKS }, what);
    cancel_at_each_lock((struct scoped_options){ .grace = 1000 }, what);
}

static void a_shielded_section_is_left_at_its_end_only(void)
{
    check(shield);
}

static void what_is_acquired_is_released(void)
{
    check(acquire);
}

static void a_wait_for_a_child_ends(void)
{
    check(wait_for_child);
    check(wait_for_start);
}

static void waits_for_scopes_and_room_end(void)
{
    check(close_scopes);
}

static void closing_a_root_ends(void)
{
    check(close_a_root);
}

static void a_remote_run_ends(void)
{
    check(run_remotely);
}

static void a_wait_that_runs_its_children_ends(void)
{
    check(run_its_children);
    check(spawn_inline);
    check(run_children_of_a_root);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_shielded_section_is_left_at_its_end_only),
    TEST(what_is_acquired_is_released),
    TEST(a_wait_for_a_child_ends),
    TEST(waits_for_scopes_and_room_end),
    TEST(closing_a_root_ends),
    TEST(a_remote_run_ends),
    TEST(a_wait_that_runs_its_children_ends),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    { .pName = "a cancel at each moment", .pSetUpFunc = set_up, .pTearDownFunc = tear_down,
      .pTests = tests },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
