/*
 * policy_test.c - policies of scopes, their outcomes and failures
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <stdatomic.h>
#include <string.h>

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
    CU_ASSERT(scoped_close(scope, forkscope_after(1000000), NULL) == SCOPED_ERUNNING);
    event_happen(released);
    scope_close();
    CU_ASSERT(outcome.status == 0 && outcome.succeeded == 1 && outcome.failures == NULL);
    CU_ASSERT(scoped_close(scope, 0, NULL) == SCOPED_ESTALE);
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
    scoped_set_result(arg);
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
    CU_ASSERT_STRING_EQUAL(outcome.result, "prize");
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
    CU_ASSERT(scoped_close(scope, forkscope_after(5000000), NULL) == SCOPED_ERUNNING);
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
    TEST(a_failure_that_a_cancel_overtakes_is_counted_where_it_is_listed),
    TEST(the_progress_stays_as_it_is_while_its_policy_looks),
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
