/*
 * reason_test.c - what a task says of its failure stands in the failure that its scope reports
 */
#include "src/scope/self.h"
#include "tests/support/scope_helpers.h"
#include "tests/support/scope_under_test.h"
#include "tests/support/task_helpers.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STATUS(number) ((void *)(intptr_t)(number))

/* ---- messages ---- */

static int fail_with_message(void *line)
{
    char text[] = "colon";
    int status = scoped_fail(-EPROTO, "line %d: no %s", *(int *)line, text);
    memset(text, '!', sizeof text - 1);
    return status;
}

static void a_message_stands_in_the_failure_with_the_argument(void)
{
    int line = 7;
    scope_open((struct scoped_options){ .policy = &scoped_collect });
    CU_ASSERT(scoped_spawn_leaf(scope, fail_with_message, &line, NULL) == 0);
    scope_close();
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT(outcome.failures->status == -EPROTO);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, "line 7: no colon");
    CU_ASSERT_STRING_EQUAL(outcome.failures->name, "");
    CU_ASSERT(outcome.failures->arg == &line && outcome.failures->detail == NULL);
    scoped_outcome_fini(&outcome);
}

static void a_failure_without_a_message_has_an_empty_one(void)
{
    scope_open((struct scoped_options){ .policy = &scoped_collect });
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, STATUS(-EIO), NULL) == 0);
    scope_close();
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, "");
    scoped_outcome_fini(&outcome);
}

static int say_twice(void *status)
{
    scoped_fail(-EIO, "the first");
    scoped_fail(-EDOM, "the second");
    return (int)(intptr_t)status;
}

static void spawn_say_twice(int status)
{
    scope_open((struct scoped_options){ .policy = &scoped_collect });
    CU_ASSERT(scoped_spawn_leaf(scope, say_twice, STATUS(status), NULL) == 0);
    scope_close();
}

static void a_message_counts_for_its_status_only(void)
{
    spawn_say_twice(-EDOM);
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, "the second");
    scoped_outcome_fini(&outcome);
    spawn_say_twice(-EIO);
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, "");
    scoped_outcome_fini(&outcome);
    spawn_say_twice(0);
    CU_ASSERT(outcome.failures == NULL && outcome.succeeded == 1);
}

static int fail_at_length(void *text)
{
    return scoped_fail(-E2BIG, "%s", (const char *)text);
}

static void a_message_is_cut_to_1023_bytes(void)
{
    char text[2000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    scope_open((struct scoped_options){ .policy = &scoped_collect });
    CU_ASSERT(scoped_spawn_leaf(scope, fail_at_length, text, NULL) == 0);
    scope_close();
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT(strlen(outcome.failures->message) == 1023);
    CU_ASSERT(strspn(outcome.failures->message, "x") == 1023);
    scoped_outcome_fini(&outcome);
}

static void outside_of_tasks_only_the_status_is_returned(void)
{
    CU_ASSERT(scoped_fail(-EPERM, "nobody hears %s", "this") == -EPERM);
}

static int say_and_fail_below(scoped_spawner self, void *unused)
{
    (void)unused;
    struct scoped_parent_signals signals;
    scoped_fail(-EIO, "the parent");
    CU_ASSERT(scoped_spawn_leaf_with_signal(self, say_twice, STATUS(-EDOM), NULL, &signals) == 0);
    CU_ASSERT(scoped_done_receiver_wait(signals.done_receiver) == 0);
    scoped_cancel_sender_free(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    return -EIO;
}

static char heard[64];

static void hear(const struct scoped_failure *failure, void *unused)
{
    (void)unused;
    strncat(heard, failure->message, sizeof heard - strlen(heard) - 1);
    strncat(heard, ";", sizeof heard - strlen(heard) - 1);
}

static void each_task_has_a_message_of_its_own(void)
{
    scope_open((struct scoped_options){ .discard = true, .on_failure = hear });
    CU_ASSERT(scoped_spawn(scope, say_and_fail_below, NULL, NULL) == 0);
    scope_close();
    CU_ASSERT_STRING_EQUAL(heard, "the second;the parent;");
    CU_ASSERT(outcome.failures == NULL);
}

/* ---- details ---- */

static atomic_int details;

static void free_detail(struct scoped_detail *detail)
{
    atomic_fetch_sub(&details, 1);
    free(detail);
}

static void explain(int status)
{
    struct scoped_detail *detail = malloc(sizeof *detail);
    CU_ASSERT_FATAL(detail != NULL);
    atomic_fetch_add(&details, 1);
    *detail = (struct scoped_detail){ free_detail };
    scoped__explain(status, "explained", detail);
}

static int explain_twice(void *status)
{
    scoped__hide_arg();
    explain(-EIO);
    explain(-EDOM);
    return (int)(intptr_t)status;
}

static void explain_in_done(void *unused)
{
    (void)unused;
    explain(-EIO);
}

static void a_detail_lives_as_long_as_its_failure(void)
{
    scope_open((struct scoped_options){ .policy = &scoped_collect });
    CU_ASSERT(scoped_spawn_leaf(scope, explain_twice, STATUS(-EDOM), NULL) == 0);
    scope_close();
    CU_ASSERT_FATAL(outcome.failures != NULL);
    CU_ASSERT(outcome.failures->detail != NULL && outcome.failures->arg == NULL);
    CU_ASSERT_STRING_EQUAL(outcome.failures->message, "explained");
    CU_ASSERT(details == 1);
    scoped_outcome_fini(&outcome);
    CU_ASSERT(details == 0);
}

static void a_detail_that_no_failure_needs_is_freed(void)
{
    scope_open((struct scoped_options){ .discard = true, .on_failure = hear });
    CU_ASSERT(scoped_spawn_leaf(scope, explain_twice, STATUS(-EDOM), NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, explain_twice, STATUS(-EIO), NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, explain_twice, STATUS(0), NULL) == 0);
    CU_ASSERT(scoped_spawn_leaf(scope, task_return, STATUS(0), explain_in_done) == 0);
    scope_close();
    CU_ASSERT(details == 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_message_stands_in_the_failure_with_the_argument),
    TEST(a_failure_without_a_message_has_an_empty_one),
    TEST(a_message_counts_for_its_status_only),
    TEST(a_message_is_cut_to_1023_bytes),
    TEST(outside_of_tasks_only_the_status_is_returned),
    TEST(each_task_has_a_message_of_its_own),
    TEST(a_detail_lives_as_long_as_its_failure),
    TEST(a_detail_that_no_failure_needs_is_freed),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    ROOT_SUITE("reason", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
