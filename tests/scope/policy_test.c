/*
 * policy_test.c - policies of scopes, their outcomes and failures
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/remote_scope.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int running, most_running, runs;

static void spawn_statuses(const int *statuses, int count)
{
    for (int i = 0; i < count; i++) {
        void *status = (void *)(intptr_t)statuses[i];
        CU_ASSERT(scoped_spawn_leaf(scope, task_return, status, NULL) == 0);
    }
}

static void a_scope_waits_for_its_tasks(void)
{
    scope_open((struct scoped_options){ .name = "waiting" });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return_when_released, NULL, NULL) == 0);
    CU_ASSERT(scoped_scope_close(scope, scoped_deadline_in(1000000), NULL) == -ETIMEDOUT);
    event_happen(released);
    scope_close();
    CU_ASSERT(outcome.status == 0 && outcome.succeeded == 1 && outcome.failures == NULL);
    CU_ASSERT(scoped_scope_close(scope, 0, NULL) == SCOPED_ESTALE);
}

static void collecting_keeps_every_failure(void)
{
    static const int statuses[] = { 0, -EIO, 3, -EPERM, -EIO };
    scope_open((struct scoped_options){ .policy = &scoped_collect });
    spawn_statuses(statuses, 5);
    scope_close();
    CU_ASSERT(outcome.succeeded == 2 && outcome.failed == 3 && outcome.cancelled == 0);
    int sum = 0, count = 0;
    const struct scoped_failure *failure;
    for (failure = outcome.failures; failure != NULL; failure = failure->next) {
        sum += failure->status;
        count++;
    }
    CU_ASSERT(count == 3 && sum == -EIO - EPERM - EIO);
    CU_ASSERT(outcome.omitted == 0);
    CU_ASSERT(outcome.status == outcome.failures->status);
    scoped_outcome_fini(&outcome);
    CU_ASSERT(outcome.failures == NULL);
}

static void the_first_failure_cancels_the_rest(void)
{
    scope_open((struct scoped_options){ .policy = &scoped_fail_fast });
    for (int i = 0; i < 5; i++)
        CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, (void *)-EBADF, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == -EBADF);
    CU_ASSERT(outcome.failed == 1 && outcome.cancelled == 5);
    scoped_outcome_fini(&outcome);
}

static int win(void *arg)
{
    scoped_set_value(arg);
    return 0;
}

static void the_first_success_cancels_the_rest(void)
{
    scope_open((struct scoped_options){ .policy = &scoped_first_success });
    for (int i = 0; i < 3; i++)
        CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, (void *)-EIO, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, win, "prize", NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == 0 && outcome.succeeded == 1);
    /* The failure may still be on its way when the success cancels it. */
    CU_ASSERT(outcome.failed <= 1 && outcome.failed + outcome.cancelled == 4);
    CU_ASSERT_STRING_EQUAL(outcome.value, "prize");
    scoped_outcome_fini(&outcome);
}

static void without_any_success_the_first_failure_is_told(void)
{
    static const int statuses[] = { -EIO, -EIO };
    scope_open((struct scoped_options){ .policy = &scoped_first_success });
    spawn_statuses(statuses, 2);
    scope_close();
    CU_ASSERT(outcome.status == -EIO && outcome.failed == 2);
    scoped_outcome_fini(&outcome);
}

struct at_most {
    struct scoped_policy base;
    size_t failures;
};

static bool too_many(const struct scoped_policy *self, const struct scoped_progress *progress,
                     int status)
{
    (void)status;
    return progress->failed > ((const struct at_most *)self)->failures;
}

static int count_failures(const struct scoped_policy *self, const struct scoped_progress *progress)
{
    (void)self;
    return (int)progress->failed;
}

static void a_policy_can_be_the_users_own(void)
{
    static const int statuses[] = { -EIO, -EIO, -EIO };
    struct at_most two = { { too_many, count_failures }, 2 };
    scope_open((struct scoped_options){ .policy = &two.base });
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    spawn_statuses(statuses, 2);
    CU_ASSERT(scoped_scope_close(scope, scoped_deadline_in(5000000), NULL) == -ETIMEDOUT);
    spawn_statuses(statuses, 1);
    scope_close();
    CU_ASSERT(outcome.status == 3 && outcome.cancelled == 1);
    scoped_outcome_fini(&outcome);
}

static char heard_path[256];
static atomic_int heard;

static void hear(const struct scoped_failure *failure, void *arg)
{
    CU_ASSERT_STRING_EQUAL(arg, "listening");
    CU_ASSERT(failure->next == NULL);
    strncpy(heard_path, failure->path, sizeof heard_path - 1);
    atomic_fetch_add(&heard, 1);
}

static int fail_by_name(void *status)
{
    scoped_set_name("culprit");
    return (int)(intptr_t)status;
}

static int fail_below(scoped_spawner self, void *arg)
{
    struct scoped_parent_signals signals;
    scoped_set_name("middle");
    CU_ASSERT(scoped_spawn_leaf_with_signal(self, fail_by_name, arg, NULL, &signals) == 0);
    CU_ASSERT(scoped_done_receiver_wait(signals.done_receiver) == 0);
    CU_ASSERT(atomic_load(&heard) == 1);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    return 0;
}

static void a_failure_far_below_is_heard_at_once_with_its_path(void)
{
    scope_open((struct scoped_options){ .name = "outer", .on_failure = hear,
                                       .on_failure_arg = "listening" });
    CU_ASSERT(scoped_spawn(scope, fail_below, (void *)-EIO, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.failed == 0);
    CU_ASSERT_STRING_EQUAL(heard_path, "root/outer/middle/culprit");
}

static void a_discarding_scope_keeps_no_failures(void)
{
    static const int statuses[] = { -EIO, -EPERM, -EIO };
    scope_open((struct scoped_options){ .discard = true });
    spawn_statuses(statuses, 3);
    scope_close();
    CU_ASSERT(outcome.failed == 3 && outcome.omitted == 3 && outcome.failures == NULL);
    CU_ASSERT(outcome.status < 0);
}

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
    scope_open((struct scoped_options){ .limit = 3, .discard = true });
    for (int i = 0; i < 500; i++)
        CU_ASSERT_FATAL(scoped_spawn_leaf(scope, count_running, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(atomic_load(&runs) == 500);
    CU_ASSERT(atomic_load(&most_running) >= 1 && atomic_load(&most_running) <= 3);
}

static void waiting_for_room_has_a_deadline(void)
{
    scope_open((struct scoped_options){ .limit = 1 });
    CU_ASSERT(scoped_scope_wait_room(scope, 0) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_return_when_released, NULL, NULL) == 0);
    CU_ASSERT(scoped_scope_wait_room(scope, scoped_deadline_in(1000000)) == -ETIMEDOUT);
    event_happen(released);
    CU_ASSERT(scoped_scope_wait_room(scope, soon()) == 0);
    scope_close();
}

static int spawn_over_limit(scoped_spawner self, void *arg)
{
    (void)arg;
    scoped_spawner limited;
    struct scoped_options options = { .limit = 1 };
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
    struct scoped_options options = { .limit = 3 };
    (void)arg;
    CU_ASSERT(scoped_scope_open(self, &options, &limited) == 0);
    CU_ASSERT(scoped_cancel(self) == 0);
    log_letter(scoped_scope_wait_room(limited, SCOPED_FOREVER) == 0 ? 'w' : '?');
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

static int inner_scope(scoped_spawner self, void *arg)
{
    scoped_spawner inner;
    *(int64_t *)arg = scoped_deadline();
    struct scoped_options options = { .deadline = scoped_deadline_in(INT64_C(3600000000000)) };
    CU_ASSERT(scoped_scope_open(self, &options, &inner) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, task_block, NULL, NULL) == 0);
    scoped_scope_close(inner, SCOPED_FOREVER, NULL);
    log_letter('!');
    return 0;
}

static void a_deadline_cancels_and_is_inherited(void)
{
    /* Far enough away for a busy machine to start the task before. */
    int64_t deadline = scoped_deadline_in(500000000), seen = 0;
    scope_open((struct scoped_options){ .deadline = deadline });
    CU_ASSERT(scoped_spawn(scope, inner_scope, &seen, NULL) == 0);
    scope_close();
    CU_ASSERT(scoped_deadline_in(0) >= deadline);
    CU_ASSERT(seen == deadline);
    CU_ASSERT(outcome.status == -ETIME && outcome.cancelled == 1);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    CU_ASSERT(scoped_deadline() == SCOPED_FOREVER);
}

static void a_deadline_that_nothing_ran_into_is_no_failure(void)
{
    scope_open((struct scoped_options){ .deadline = scoped_deadline_in(1000000) });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, (void *)1, NULL) == 0);
    CU_ASSERT(scoped_scope_wait_room(scope, 0) == 0);
    scope_close();
    CU_ASSERT(outcome.succeeded + outcome.cancelled == 1);
    CU_ASSERT(outcome.status == (outcome.succeeded == 1 ? 0 : -ETIME));
}

/* Until the deadline of the scope has passed, and the timer thread has acted. */
static void wait_for_deadline(int64_t deadline)
{
    struct scoped_options later = { .deadline = deadline + 1000000 };
    scoped_spawner other;
    CU_ASSERT_FATAL(scoped_scope_open(root, &later, &other) == 0);
    CU_ASSERT(scoped_spawn_leaf(other, task_block, NULL, NULL) == 0);
    CU_ASSERT(scoped_scope_close(other, soon(), NULL) == 0);
}

static int stop_when_asked(void *status)
{
    scoped_sleep_until(SCOPED_FOREVER);
    return (int)(intptr_t)status;
}

static void cancel_one_and_wait_for_deadline(scoped_leaf_function *other)
{
    int64_t deadline = scoped_deadline_in(200000000);
    struct scoped_parent_signals signals;
    scope_open((struct scoped_options){ .deadline = deadline, .cancel = SCOPED_CANCEL_ASKS });
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(scope, stop_when_asked, (void *)-ECANCELED, NULL,
                                                  &signals) == 0);
    scoped_cancel_sender_free(signals.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait(signals.done_receiver) == 0);
    scoped_done_receiver_free(signals.done_receiver);
    if (other != NULL)
        CU_ASSERT(scoped_spawn_leaf(scope, other, NULL, NULL) == 0);
    CU_ASSERT(scoped_deadline_in(0) < deadline);
    wait_for_deadline(deadline);
    scope_close();
}

static void a_deadline_is_told_only_if_it_cut_a_task_short(void)
{
    cancel_one_and_wait_for_deadline(NULL);
    CU_ASSERT(outcome.status == 0 && outcome.cancelled == 1);
    cancel_one_and_wait_for_deadline(stop_when_asked);
    CU_ASSERT(outcome.status == 0 && outcome.cancelled == 1 && outcome.succeeded == 1);
}

static void a_deadline_after_a_cancel_is_not_told(void)
{
    int64_t deadline = scoped_deadline_in(200000000);
    scope_open((struct scoped_options){ .deadline = deadline });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return_when_released, (void *)-ECANCELED, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_cancel(scope) == 0);
    CU_ASSERT(scoped_deadline_in(0) < deadline);
    wait_for_deadline(deadline);
    event_happen(released);
    scope_close();
    CU_ASSERT(outcome.status == 0 && outcome.cancelled == 1);
}

static void an_inherited_deadline_is_told_where_it_cuts(void)
{
    struct scoped_options options = { .deadline = scoped_deadline_in(1000000) };
    struct scoped_outcome outer;
    scoped_spawner around = { 0, 0 };
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &around) == 0);
    CU_ASSERT_FATAL(scoped_scope_open(around, NULL, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == -ETIME && outcome.cancelled == 1);
    CU_ASSERT(scoped_scope_close(around, soon(), &outer) == 0);
    CU_ASSERT(outer.status == 0 && outer.cancelled == 0);
}

/* The scope is cancelled between the report of the failure and its judgement. */
static void cancel_when_told(const struct scoped_failure *failure, void *sender)
{
    CU_ASSERT(failure->status == -ECANCELED);
    scoped_cancel_sender_free(*(struct scoped_cancel_sender **)sender);
}

static void a_failure_that_a_cancel_overtakes_is_counted_where_it_is_listed(void)
{
    struct scoped_cancel_sender *sender;
    scope_open((struct scoped_options){ .on_failure = cancel_when_told,
                                        .on_failure_arg = &sender });
    CU_ASSERT_FATAL(scoped_cancel_sender_new(scope, &sender) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, (void *)-ECANCELED, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.failed == 1 && outcome.cancelled == 0 && outcome.omitted == 0);
    CU_ASSERT(outcome.failures != NULL && outcome.failures->next == NULL);
    scoped_outcome_fini(&outcome);
}

/* Cancels its scope between two looks at the progress. */

struct looker {
    struct scoped_policy base;
    struct scoped_cancel_sender *sender;
};

static int look_twice(const struct scoped_policy *self, const struct scoped_progress *progress)
{
    const volatile struct scoped_progress *seen = progress;
    bool before = seen->stopped;
    scoped_cancel_sender_free(((const struct looker *)self)->sender);
    return before == seen->stopped ? 0 : -EIO;
}

static void the_progress_stays_as_it_is_while_its_policy_looks(void)
{
    struct looker looker = { { NULL, look_twice }, NULL };
    scope_open((struct scoped_options){ .policy = &looker.base });
    CU_ASSERT_FATAL(scoped_cancel_sender_new(scope, &looker.sender) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == 0);
}

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
    CU_ASSERT(scoped_scope_close(scope, 0, NULL) == -EBUSY);
    CU_ASSERT(scoped_scope_close(root, 0, NULL) == -EINVAL);
    CU_ASSERT(scoped_spawner_close(inner, 0) == -EINVAL);
    CU_ASSERT(scoped_scope_close(inner, soon(), NULL) == 0);
    scope_close();
}

static void closing_the_root_closes_scopes_left_open(void)
{
    scoped_spawner inner;
    scope_open((struct scoped_options){ .name = "outer", .grace = 1 });
    CU_ASSERT(scoped_scope_open(scope, NULL, &inner) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, task_block, NULL, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_spawner_close(root, soon()) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, task_block, NULL, NULL) == SCOPED_ESTALE);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
}

static const int colour, size;

static int look_up(scoped_spawner self, void *arg)
{
    const char *wanted = arg;
    CU_ASSERT_STRING_EQUAL(scoped_value(&colour), wanted);
    CU_ASSERT_STRING_EQUAL(scoped_value(&size), "large");
    CU_ASSERT(scoped_value(&started) == NULL);
    scoped_spawner inner;
    struct scoped_binding blue[] = { { &colour, "blue" }, { NULL, NULL } };
    struct scoped_options options = { .bindings = blue };
    if (strcmp(wanted, "blue") == 0)
        return 0;
    CU_ASSERT(scoped_scope_open(self, &options, &inner) == 0);
    CU_ASSERT(scoped_spawn(inner, look_up, "blue", NULL) == 0);
    return scoped_scope_close(inner, soon(), NULL);
}

static void values_are_inherited_and_can_be_bound_anew(void)
{
    struct scoped_binding red[] = { { &colour, "red" }, { &size, "large" }, { NULL, NULL } };
    scope_open((struct scoped_options){ .bindings = red });
    CU_ASSERT(scoped_spawn(scope, look_up, "red", NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == 0);
    CU_ASSERT(scoped_value(&colour) == NULL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_scope_waits_for_its_tasks),
    TEST(collecting_keeps_every_failure),
    TEST(the_first_failure_cancels_the_rest),
    TEST(the_first_success_cancels_the_rest),
    TEST(without_any_success_the_first_failure_is_told),
    TEST(a_policy_can_be_the_users_own),
    TEST(a_failure_far_below_is_heard_at_once_with_its_path),
    TEST(a_discarding_scope_keeps_no_failures),
    TEST(no_more_tasks_run_than_the_limit_allows),
    TEST(waiting_for_room_has_a_deadline),
    TEST(waiting_for_room_is_a_cancellation_point),
    TEST(where_there_is_room_nothing_is_a_cancellation_point),
    TEST(a_deadline_cancels_and_is_inherited),
    TEST(a_deadline_that_nothing_ran_into_is_no_failure),
    TEST(a_deadline_is_told_only_if_it_cut_a_task_short),
    TEST(a_deadline_after_a_cancel_is_not_told),
    TEST(an_inherited_deadline_is_told_where_it_cuts),
    TEST(a_failure_that_a_cancel_overtakes_is_counted_where_it_is_listed),
    TEST(the_progress_stays_as_it_is_while_its_policy_looks),
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
