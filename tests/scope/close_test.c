/*
 * close_test.c - the end of scopes and of roots: by waiting, and by cancelling
 */
#include "tests/support/closed.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <forkscope/error.h>
#include <string.h>

static scoped_spawner other;

static void open_other(void)
{
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &other) == 0);
}

static void closing_a_root_waits_for_its_tasks(void)
{
    open_other();
    CU_ASSERT(scoped_spawn_leaf(other, task_return_when_released, NULL, NULL) == 0);
    CU_ASSERT(scoped_close(other, 0, NULL) == SCOPED_ERUNNING);
    event_happen(released);
    CU_ASSERT(scoped_close(other, soon(), &outcome) == 0);
    CU_ASSERT(outcome.succeeded == 1 && outcome.cancelled == 0);
    CU_ASSERT(scoped_close(other, soon(), NULL) == SCOPED_ESTALE);
}

static void a_root_tells_how_it_went_without_a_list(void)
{
    open_other();
    CU_ASSERT(scoped_spawn_leaf(other, task_return, (void *)-EIO, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(other, task_return, (void *)-EIO, NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(other, task_return, (void *)3, NULL) == 0);
    CU_ASSERT(scoped_close(other, soon(), &outcome) == -EIO);
    CU_ASSERT(outcome.status == -EIO && outcome.failed == 2 && outcome.succeeded == 1);
    CU_ASSERT(outcome.failures == NULL && outcome.omitted == 2);
}

static void what_a_close_cancels_is_no_failure(void)
{
    open_other();
    CU_ASSERT(scoped_spawn_leaf(other, task_block, NULL, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_cancel_close(other, soon(), &outcome) == 0);
    CU_ASSERT(outcome.status == 0 && outcome.cancelled == 1 && outcome.failed == 0);
}

static void a_scope_can_be_cancelled_and_closed_in_one(void)
{
    scope_open((struct scoped_options){ .name = "cancelled" });
    CU_ASSERT(scoped_spawn_leaf(scope, task_block, NULL, NULL) == 0);
    CU_ASSERT(scoped_cancel_close(scope, soon(), &outcome) == 0);
    CU_ASSERT(outcome.status == 0 && outcome.cancelled == 1);
    CU_ASSERT(scoped_cancel_close(scope, soon(), NULL) == SCOPED_ESTALE);
    CU_ASSERT(scoped_spawn_leaf(root, task_return, NULL, NULL) == 0);
}

static void cancelling_closes_what_is_open_inside(void)
{
    scoped_spawner inner, innermost;
    scope_open((struct scoped_options){ .name = "outer" });
    CU_ASSERT_FATAL(scoped_scope_open(scope, NULL, &inner) == 0);
    CU_ASSERT_FATAL(scoped_scope_open(inner, NULL, &innermost) == 0);
    CU_ASSERT(scoped_spawn_leaf(innermost, task_block, NULL, NULL) == 0);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == SCOPED_EOPEN);
    CU_ASSERT(scoped_close(root, soon(), NULL) == SCOPED_EOPEN);
    CU_ASSERT(scoped_cancel_close(inner, soon(), NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(innermost, task_block, NULL, NULL) == SCOPED_ESTALE);
    CU_ASSERT(scoped_close(scope, soon(), &outcome) == 0);
}

static int return_when_released(void *status)
{
    event_happen(started);
    CU_ASSERT(event_wait(released));
    return (int)(intptr_t)status;
}

static void a_status_is_not_taken_for_a_scope_that_is_open(void)
{
    scope_open((struct scoped_options){ .name = "late" });
    CU_ASSERT(scoped_spawn_leaf(scope, return_when_released, (void *)-ETIMEDOUT, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_close(scope, 0, NULL) == SCOPED_ERUNNING);
    CU_ASSERT(scoped_cancel_close(scope, 0, NULL) == SCOPED_ERUNNING);
    event_happen(released);
    CU_ASSERT(scoped_close(scope, soon(), &outcome) == -ETIMEDOUT);
    CU_ASSERT(scoped_close(scope, soon(), NULL) == SCOPED_ESTALE);
    scoped_outcome_fini(&outcome);
}

static int close_itself(scoped_spawner self, void *arg)
{
    (void)arg;
    CU_ASSERT(scoped_close(self, soon(), NULL) == -EINVAL);
    CU_ASSERT(scoped_cancel_close(self, soon(), NULL) == -EINVAL);
    log_letter(scoped_cancelled() ? 'c' : '-');
    return 0;
}

static void a_task_cannot_close_itself(void)
{
    scope_open((struct scoped_options){ .name = "around" });
    CU_ASSERT(scoped_spawn(scope, close_itself, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT_STRING_EQUAL(log_letters(), "-");
}

static int ask_in_vain(scoped_spawner self, void *arg)
{
    (void)arg;
    scoped_spawner inner;
    CU_ASSERT_FATAL(scoped_scope_open(self, NULL, &inner) == 0);
    CU_ASSERT(scoped_spawn_leaf(inner, return_when_released, NULL, NULL) == 0);
    CU_ASSERT(scoped_close(inner, SCOPED_FOREVER, NULL) == SCOPED_ERUNNING);
    CU_ASSERT(scoped_cancelled());
    event_happen(released);
    return 0;
}

static void a_close_in_a_task_that_is_asked_leaves_the_scope_open(void)
{
    scope_open((struct scoped_options){ .cancel = SCOPED_CANCEL_ASKS });
    CU_ASSERT(scoped_spawn(scope, ask_in_vain, NULL, NULL) == 0);
    CU_ASSERT(event_wait(started));
    CU_ASSERT(scoped_cancel_close(scope, soon(), &outcome) == 0);
    CU_ASSERT(outcome.succeeded == 1);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(closing_a_root_waits_for_its_tasks),
    TEST(a_root_tells_how_it_went_without_a_list),
    TEST(what_a_close_cancels_is_no_failure),
    TEST(a_scope_can_be_cancelled_and_closed_in_one),
    TEST(cancelling_closes_what_is_open_inside),
    TEST(a_status_is_not_taken_for_a_scope_that_is_open),
    TEST(a_task_cannot_close_itself),
    TEST(a_close_in_a_task_that_is_asked_leaves_the_scope_open),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { ROOT_SUITE("close", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
