/*
 * refusal_test.c - threads and signals that the system refuses, and what happens then
 */
#include "tests/support/closed.h"
#include "tests/support/scope_helpers.h"

#include "src/scope/node.h"
#include "src/scope/spawner.h"

#include <errno.h>
#include <forkscope/error.h>
#include <pthread.h>
#include <stdatomic.h>

/* Every request for a thread goes through here: refused while there is something to do instead. */
static void (*instead)(void);

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *),
                          void *arg)
{
    if (instead == NULL)
        return __real_pthread_create(thread, attr, function, arg);
    instead();
    return EAGAIN;
}

/* So often is there no room for the signal that cancels a thread. */
static atomic_int refusals;

int __real_pthread_cancel(pthread_t thread);
int __wrap_pthread_cancel(pthread_t thread);
int __wrap_pthread_cancel(pthread_t thread)
{
    if (!pthread_equal(thread, pthread_self()) && atomic_fetch_sub(&refusals, 1) > 0)
        return EAGAIN;
    return __real_pthread_cancel(thread);
}

static scoped_spawner scope;

static int log_run(void *arg)
{
    (void)arg;
    log_letter('!');
    return 0;
}

static void cancel_scope(void)
{
    CU_ASSERT(scoped_cancel(scope) == 0);
}

static struct tree *tree_of(scoped_spawner spawner)
{
    struct node *node = NULL;
    CU_ASSERT_FATAL(scoped__owned(spawner, &node) == 0);
    return node->tree;
}

static void refused_spawn(int (*spawn_one)(void))
{
    instead = cancel_scope;
    CU_ASSERT(spawn_one() == -EAGAIN);
    instead = NULL;
    CU_ASSERT(!scoped__agenda_has_timers(&tree_of(root)->agenda));
    CU_ASSERT(scoped_close(scope, soon(), NULL) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
}

static int spawn_leaf(void)
{
    return scoped_spawn_leaf(scope, log_run, NULL, log_done);
}

static int spawn_with_signal(void)
{
    struct scoped_parent_signals signals;
    return scoped_spawn_leaf_with_signal(scope, log_run, NULL, log_done, &signals);
}

static void open_with_grace(void)
{
    struct scoped_options options = { .grace = INT64_C(60000000000) };
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &scope) == 0);
}

static void a_task_refused_while_it_is_cancelled_leaves_no_timer(void)
{
    open_with_grace();
    refused_spawn(spawn_leaf);
    open_with_grace();
    refused_spawn(spawn_with_signal);
}

static void ignore(void)
{
}

static void a_deadline_without_a_thread_is_refused_and_leaves_nothing(void)
{
    struct scoped_options options = { .until = soon() };
    scoped_spawner other;
    instead = ignore;
    CU_ASSERT(scoped_scope_open(root, &options, &scope) == -EAGAIN);
    CU_ASSERT(scoped_spawner_open_with(&options, &other) == -EAGAIN);
    instead = NULL;
    CU_ASSERT(!scoped__agenda_has_timers(&tree_of(root)->agenda));
    CU_ASSERT(scoped_spawn_leaf(root, log_run, NULL, NULL) == 0);
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

/*
 * Nothing but pthread_cancel ends it, also under the thread sanitizer, where block_for_ever is a
 * wait of the library.
 */
static int block(void *arg)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    event_happen(*(struct event *)arg);
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    for (;;)
        pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(1);
    return 0;
}

static void start_blocked(scoped_spawner spawner, struct scoped_parent_signals *ret_signals)
{
    CU_ASSERT(scoped_spawn_leaf_with_signal(spawner, block, &started, log_done, ret_signals) == 0);
    CU_ASSERT(event_wait(started));
    event_reset(started);
}

static void check_cancelled(struct scoped_done_receiver *receiver)
{
    int status = 0;
    CU_ASSERT(scoped_done_receiver_wait_until(receiver, soon()) == 0);
    CU_ASSERT(scoped_done_receiver_status(receiver, &status) == 0 && status == -ECANCELED);
    scoped_done_receiver_free(receiver);
}

/* One by one, as for tasks without a waiter, and all at once. */
static void a_cancel_for_which_there_was_no_room_comes_later(void)
{
    struct scoped_parent_signals signals, others;
    start_blocked(root, &signals);
    atomic_store(&refusals, 3);
    scoped_cancel_sender_free(signals.cancel_sender);
    check_cancelled(signals.done_receiver);
    CU_ASSERT(atomic_load(&refusals) < 0);

    CU_ASSERT_FATAL(scoped_scope_open(root, NULL, &scope) == 0);
    start_blocked(scope, &signals);
    start_blocked(scope, &others);
    atomic_store(&refusals, 5);
    CU_ASSERT(scoped_cancel(scope) == 0);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == 0);
    CU_ASSERT(atomic_load(&refusals) < 0);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_cancel_sender_free(others.cancel_sender);
    check_cancelled(signals.done_receiver);
    check_cancelled(others.done_receiver);
    CU_ASSERT_STRING_EQUAL(log_letters(), "ddd");
}

static void without_a_thread_to_repeat_it_the_next_close_cancels(void)
{
    struct scoped_parent_signals signals;
    scoped_spawner other;
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &other) == 0);
    start_blocked(other, &signals);
    atomic_store(&refusals, 1);
    instead = ignore;
    CU_ASSERT(scoped_cancel_close(other, forkscope_after(1000000), NULL) == SCOPED_ERUNNING);
    instead = NULL;
    CU_ASSERT(close_whatever(other, soon()) == 0);
    scoped_cancel_sender_free(signals.cancel_sender);
    check_cancelled(signals.done_receiver);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_task_refused_while_it_is_cancelled_leaves_no_timer),
    TEST(a_deadline_without_a_thread_is_refused_and_leaves_nothing),
    TEST(a_cancel_for_which_there_was_no_room_comes_later),
    TEST(without_a_thread_to_repeat_it_the_next_close_cancels),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("refusals", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
