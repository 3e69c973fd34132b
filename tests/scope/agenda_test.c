/*
 * agenda_test.c - what the timer thread of a tree is to do, as data
 */
#include "src/base/clock.h"
#include "src/scope/agenda.h"

#include <forkscope/cunit.h>

static struct wakeups wakeups;
static struct agenda agenda;
static struct agenda_entry first, second;

static void begin(struct waiter *reader)
{
    wakeups = (struct wakeups){ .count = 0 };
    scoped__agenda_init(&agenda, &wakeups);
    scoped__agenda_entry_init(&first);
    scoped__agenda_entry_init(&second);
    agenda.reader = reader;
}

static unsigned wakeups_sent(void)
{
    struct wakeups taken = base__wakeups_take(&wakeups);
    base__wakeups_send(&taken);
    return taken.count;
}

static void an_empty_agenda_has_no_work(void)
{
    begin(NULL);
    CU_ASSERT(!scoped__agenda_has_timers(&agenda));
    CU_ASSERT(scoped__agenda_next(&agenda) == BASE_NEVER);
    CU_ASSERT(scoped__agenda_take_due(&agenda, BASE_NEVER) == NULL);
    CU_ASSERT(scoped__agenda_take_join(&agenda) == NULL);
}

static void timers_are_taken_when_due_the_earliest_first(void)
{
    begin(NULL);
    scoped__agenda_set_timer(&agenda, &first, 20);
    scoped__agenda_set_timer(&agenda, &second, 10);
    CU_ASSERT(scoped__agenda_next(&agenda) == 10);
    CU_ASSERT(scoped__agenda_take_due(&agenda, 9) == NULL);
    CU_ASSERT(scoped__agenda_take_due(&agenda, 30) == &second);
    CU_ASSERT(scoped__agenda_take_due(&agenda, 30) == &first);
    CU_ASSERT(!scoped__agenda_has_timers(&agenda));
}

static void a_cleared_timer_never_comes(void)
{
    begin(NULL);
    scoped__agenda_set_timer(&agenda, &first, 10);
    scoped__agenda_clear_timer(&agenda, &first);
    scoped__agenda_clear_timer(&agenda, &second);
    CU_ASSERT(scoped__agenda_take_due(&agenda, BASE_NEVER) == NULL);
}

static void joins_come_at_once_the_oldest_first_and_once_each(void)
{
    begin(NULL);
    scoped__agenda_set_timer(&agenda, &first, 10);
    CU_ASSERT(scoped__agenda_add_join(&agenda, &second));
    CU_ASSERT(scoped__agenda_add_join(&agenda, &first));
    CU_ASSERT(!scoped__agenda_add_join(&agenda, &second));
    CU_ASSERT(scoped__agenda_next(&agenda) == 0);
    CU_ASSERT(scoped__agenda_take_join(&agenda) == &second);
    CU_ASSERT(scoped__agenda_take_join(&agenda) == &first);
    CU_ASSERT(scoped__agenda_take_join(&agenda) == NULL);
    CU_ASSERT(scoped__agenda_next(&agenda) == 10);
}

static void an_entry_that_was_taken_can_be_added_again(void)
{
    begin(NULL);
    CU_ASSERT(scoped__agenda_add_join(&agenda, &first));
    CU_ASSERT(scoped__agenda_take_join(&agenda) == &first);
    CU_ASSERT(scoped__agenda_add_join(&agenda, &first));
    CU_ASSERT(scoped__agenda_take_join(&agenda) == &first);
}

static void the_reader_is_woken_for_an_earlier_timer_and_for_each_join(void)
{
    struct waiter *reader = base__waiter_new();
    CU_ASSERT_FATAL(reader != NULL);
    begin(reader);
    scoped__agenda_set_timer(&agenda, &first, 20);
    CU_ASSERT(wakeups_sent() == 1);
    scoped__agenda_set_timer(&agenda, &second, 30);
    CU_ASSERT(wakeups_sent() == 0);
    scoped__agenda_set_timer(&agenda, &second, 10);
    CU_ASSERT(wakeups_sent() == 1);
    scoped__agenda_add_join(&agenda, &first);
    CU_ASSERT(wakeups_sent() == 1);
    scoped__agenda_add_join(&agenda, &first);
    CU_ASSERT(wakeups_sent() == 0);
    base__waiter_free(reader);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(an_empty_agenda_has_no_work),
    TEST(timers_are_taken_when_due_the_earliest_first),
    TEST(a_cleared_timer_never_comes),
    TEST(joins_come_at_once_the_oldest_first_and_once_each),
    TEST(an_entry_that_was_taken_can_be_added_again),
    TEST(the_reader_is_woken_for_an_earlier_timer_and_for_each_join),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "agenda", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
