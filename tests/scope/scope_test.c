/*
 * scope_test.c - scopes: how many tasks run in them, how they are cancelled and closed, what they
 * inherit
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int running, most_running, runs;

static int count_running(void *arg)
{
    (void)arg;
    int now = atomic_fetch_add(&running, 1) + 1;
    int most = atomic_load(&most_running);
    while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now))
        ;
    atomic_fetch_add(&runs, 1);
    sched_yield();
    atomic_fetch_sub(&running, 1);
    return 0;
}

static void no_more_tasks_run_than_the_limit_allows(void)
{
    scope_open((struct scoped_options){ .max_tasks = 3, .discard = true });
    for (int i = 0; i < 500; i++)
        CU_ASSERT_FATAL(scoped_spawn_leaf(scope, count_running, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(atomic_load(&runs) == 500);
    CU_ASSERT(atomic_load(&most_running) >= 1 && atomic_load(&most_running) <= 3);
}

static void waiting_for_room_has_a_deadline(void)
{
    scope_open((struct scoped_options){ .max_tasks = 1 });
    CU_ASSERT(scoped_scope_wait_room_until(scope, 0) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_return_when_released, NULL, NULL) == 0);
    CU_ASSERT(scoped_scope_wait_room_until(scope, forkscope_after(1000000)) == -ETIMEDOUT);
    event_happen(released);
    CU_ASSERT(scoped_scope_wait_room_until(scope, soon()) == 0);
    scope_close();
}

static int spawn_over_limit(scoped_spawner self, void *arg)
{
    (void)arg;
    scoped_spawner limited;
    struct scoped_options options = { .max_tasks = 1 };
    CU_ASSERT(scoped_scope_open(self, &options, &limited) == 0);
    CU_ASSERT(scoped_spawn_leaf(limited, task_block, NULL, NULL) == 0);
    log_letter('w');
    event_happen(released);
    scoped_spawn_leaf(limited, task_block, NULL, NULL);
    log_letter('!');
    return 0;
}

static void waiting_for_room_is_a_cancellation_point(void)
{
    struct scoped_parent_signals signals;
    CU_ASSERT(scoped_spawn_with_signal(root, spawn_over_limit, NULL, NULL, &signals) == 0);
    CU_ASSERT(event_wait(released));
    scoped_cancel_sender_free(signals.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait_until(signals.done_receiver, soon()) == 0);
    CU_ASSERT_STRING_EQUAL(log_letters(), "w");
    scoped_done_receiver_free(signals.done_receiver);
}

static int return_at_once(scoped_spawner self, void *arg)
{
    (void)self;
    (void)arg;
    return 0;
}

/* Whatever makes a child there, in a task that has been cancelled. */
static int spawn_within_limit(scoped_spawner self, void *arg)
{
    scoped_spawner limited;
    struct scoped_child_signals child;
    struct scoped_options options = { .max_tasks = 3 };
    (void)arg;
    CU_ASSERT(scoped_scope_open(self, &options, &limited) == 0);
    CU_ASSERT(scoped_cancel(self) == 0);
    log_letter(scoped_scope_wait_room_until(limited, SCOPED_FOREVER) == 0 ? 'w' : '?');
    log_letter(scoped_spawn_leaf(limited, task_return, NULL, NULL) == 0 ? 'l' : '?');
    log_letter(scoped_spawn(limited, return_at_once, NULL, NULL) == 0 ? 't' : '?');
    log_letter(remote_spawner_spawn_raw(limited, &child) == 0 ? 'r' : '?');
    scoped_cancel_receiver_free(child.cancel_receiver);
    scoped_done_sender_free(child.done_sender);
    return 0;
}

static void where_there_is_room_nothing_is_a_cancellation_point(void)
{
    static const enum scoped_cancel_mode modes[] = { SCOPED_CANCEL_FORCED, SCOPED_CANCEL_WAITS,
                                                     SCOPED_CANCEL_ASKS };
    for (int i = 0; i < 3; i++) {
        scope_open((struct scoped_options){ .cancel = modes[i] });
        CU_ASSERT(scoped_spawn(scope, spawn_within_limit, NULL, NULL) == 0);
        scope_close();
        CU_ASSERT(outcome.succeeded == 1 && outcome.cancelled == 0);
    }
    CU_ASSERT_STRING_EQUAL(log_letters(), "wltrwltrwltr");
}

/* Cancels its scope between two looks at the progress. */

static void cancelling_a_scope_from_inside_ends_its_tasks(void)
{
    scope_open((struct scoped_options){ .name = "x" });
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    CU_ASSERT(scoped_cancel(scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.cancelled == 2 && outcome.status == 0);
}

static void *free_sender(void *sender)
{
    scoped_cancel_sender_free(sender);
    return NULL;
}

static void another_thread_can_cancel_a_scope(void)
{
    pthread_t thread;
    struct scoped_cancel_sender *sender, *late;
    scope_open((struct scoped_options){ .name = "x" });
    CU_ASSERT(scoped_cancel_sender_new(scope, &sender) == 0);
    CU_ASSERT(scoped_cancel_sender_new(scope, &late) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    pthread_create(&thread, NULL, free_sender, sender);
    scope_close();
    pthread_join(thread, NULL);
    CU_ASSERT(outcome.cancelled == 1);
    scoped_cancel_sender_free(late);
}

static void scopes_close_inside_out(void)
{
    scoped_spawner inner;
    scope_open((struct scoped_options){ .name = "outer" });
    CU_ASSERT(scoped_scope_open(scope, NULL, &inner) == 0);
    CU_ASSERT(scoped_close(scope, 0, NULL) == SCOPED_EOPEN);
    CU_ASSERT(scoped_close(root, 0, NULL) == SCOPED_EOPEN);
    CU_ASSERT(scoped_close(inner, soon(), NULL) == 0);
    scope_close();
}

static void closing_the_root_closes_scopes_left_open(void)
{
    scoped_spawner inner;
    scope_open((struct scoped_options){ .name = "outer", .grace = 1 });
    CU_ASSERT(scoped_scope_open(scope, NULL, &inner) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, task_block, NULL, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_cancel_close(root, soon(), NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, task_block, NULL, NULL) == SCOPED_ESTALE);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static const int colour, size;

static int look_up(scoped_spawner self, void *arg)
{
    const char *wanted = arg;
    CU_ASSERT_STRING_EQUAL(scoped_lookup(&colour), wanted);
    CU_ASSERT_STRING_EQUAL(scoped_lookup(&size), "large");
    CU_ASSERT(scoped_lookup(&started) == NULL);
    scoped_spawner inner;
    struct scoped_binding blue[] = { { &colour, "blue" }, { NULL, NULL } };
    struct scoped_options options = { .bindings = blue };
    if (strcmp(wanted, "blue") == 0)
        return 0;
    CU_ASSERT(scoped_scope_open(self, &options, &inner) == 0);
    CU_ASSERT(scoped_spawn(inner, look_up, "blue", NULL) == 0);
    return scoped_close(inner, soon(), NULL);
}

static void values_are_inherited_and_can_be_bound_anew(void)
{
    struct scoped_binding red[] = { { &colour, "red" }, { &size, "large" }, { NULL, NULL } };
    scope_open((struct scoped_options){ .bindings = red });
    CU_ASSERT(scoped_spawn(scope, look_up, "red", NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == 0);
    CU_ASSERT(scoped_lookup(&colour) == NULL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(no_more_tasks_run_than_the_limit_allows),
    TEST(waiting_for_room_has_a_deadline),
    TEST(waiting_for_room_is_a_cancellation_point),
    TEST(where_there_is_room_nothing_is_a_cancellation_point),
    TEST(cancelling_a_scope_from_inside_ends_its_tasks),
    TEST(another_thread_can_cancel_a_scope),
    TEST(scopes_close_inside_out),
    TEST(closing_the_root_closes_scopes_left_open),
    TEST(values_are_inherited_and_can_be_bound_anew),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("scopes", tests),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
