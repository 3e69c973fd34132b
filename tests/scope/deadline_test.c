/*
 * deadline_test.c - deadlines of scopes, and when they are told
 */
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>

static int inner_scope(scoped_spawner self, void *arg)
{
    scoped_spawner inner;
    *(int64_t *)arg = scoped_ends_at();
    struct scoped_options options = { .until = forkscope_after(INT64_C(3600000000000)) };
    CU_ASSERT(scoped_scope_open(self, &options, &inner) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, task_block, NULL, NULL) == 0);
    scoped_close(inner, SCOPED_FOREVER, NULL);
    log_letter('!');
    return 0;
}

static void a_deadline_cancels_and_is_inherited(void)
{
    /* Far enough away for a busy machine to start the task before. */
    int64_t deadline = forkscope_after(500000000), seen = 0;
    scope_open((struct scoped_options){ .until = deadline });
    CU_ASSERT(scoped_spawn(scope, inner_scope, &seen, NULL) == 0);
    scope_close();
    CU_ASSERT(forkscope_after(0) >= deadline);
    CU_ASSERT(seen == deadline);
    CU_ASSERT(outcome.status == -ETIME && outcome.cancelled == 1);
    CU_ASSERT_STRING_EQUAL(log_letters(), "");
    CU_ASSERT(scoped_ends_at() == SCOPED_FOREVER);
}

static void a_deadline_that_nothing_ran_into_is_no_failure(void)
{
    scope_open((struct scoped_options){ .until = forkscope_after(1000000) });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, (void *)1, NULL) == 0);
    CU_ASSERT(scoped_scope_wait_room_until(scope, 0) == 0);
    scope_close();
    CU_ASSERT(outcome.succeeded + outcome.cancelled == 1);
    CU_ASSERT(outcome.status == (outcome.succeeded == 1 ? 0 : -ETIME));
}

/* Until the deadline of the scope has passed, and the timer thread has acted. */
static void wait_for_deadline(int64_t deadline)
{
    struct scoped_options later = { .until = deadline + 1000000 };
    scoped_spawner other;
    CU_ASSERT_FATAL(scoped_scope_open(root, &later, &other) == 0);
    CU_ASSERT(scoped_spawn_leaf(other, task_block, NULL, NULL) == 0);
    CU_ASSERT(scoped_close(other, soon(), NULL) == -ETIME);
}

static int stop_when_asked(void *status)
{
    scoped_sleep_until(SCOPED_FOREVER);
    return (int)(intptr_t)status;
}

static void cancel_one_and_wait_for_deadline(scoped_leaf_function *other)
{
    int64_t deadline = forkscope_after(200000000);
    struct scoped_parent_signals signals;
    scope_open((struct scoped_options){ .until = deadline, .cancel = SCOPED_CANCEL_ASKS });
    CU_ASSERT_FATAL(scoped_spawn_leaf_with_signal(scope, stop_when_asked, (void *)-ECANCELED, NULL,
                                                  &signals) == 0);
    scoped_cancel_sender_free(signals.cancel_sender);
    CU_ASSERT(scoped_done_receiver_wait(signals.done_receiver) == 0);
    scoped_done_receiver_free(signals.done_receiver);
    if (other != NULL)
        CU_ASSERT(scoped_spawn_leaf(scope, other, NULL, NULL) == 0);
    CU_ASSERT(forkscope_after(0) < deadline);
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
    int64_t deadline = forkscope_after(200000000);
    scope_open((struct scoped_options){ .until = deadline });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return_when_released, (void *)-ECANCELED, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_cancel(scope) == 0);
    CU_ASSERT(forkscope_after(0) < deadline);
    wait_for_deadline(deadline);
    event_happen(released);
    scope_close();
    CU_ASSERT(outcome.status == 0 && outcome.cancelled == 1);
}

static void an_inherited_deadline_is_told_where_it_cuts(void)
{
    struct scoped_options options = { .until = forkscope_after(1000000) };
    struct scoped_outcome outer;
    scoped_spawner around = { 0, 0 };
    CU_ASSERT_FATAL(scoped_scope_open(root, &options, &around) == 0);
    CU_ASSERT_FATAL(scoped_scope_open(around, NULL, &scope) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT(outcome.status == -ETIME && outcome.cancelled == 1);
    CU_ASSERT(scoped_close(around, soon(), &outer) == 0);
    CU_ASSERT(outer.status == 0 && outer.cancelled == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_deadline_cancels_and_is_inherited),
    TEST(a_deadline_that_nothing_ran_into_is_no_failure),
    TEST(a_deadline_is_told_only_if_it_cut_a_task_short),
    TEST(a_deadline_after_a_cancel_is_not_told),
    TEST(an_inherited_deadline_is_told_where_it_cuts),
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
