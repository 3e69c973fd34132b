/*
 * timers_test.c - the heap of timers
 */
#include "src/base/timers.h"

#include <forkscope/cunit.h>
#include <stdlib.h>

enum { TIMERS = 500 };

static struct timers timers;
static struct timer all[TIMERS];

static int set_count(void)
{
    int count = 0;
    for (int i = 0; i < TIMERS; i++)
        count += all[i].set;
    return count;
}

/* Takes all out, from the first on; false if one came before its time. */
static bool drain_in_order(void)
{
    int64_t last = INT64_MIN;
    int count = set_count();
    while (timers.first != NULL) {
        struct timer *first = timers.first;
        if (first->at < last)
            return false;
        last = first->at;
        base__timer_clear(&timers, first);
        count--;
    }
    return count == 0 && set_count() == 0;
}

static void timers_come_out_in_order(void)
{
    for (int i = 0; i < TIMERS; i++)
        base__timer_set(&timers, &all[i], rand() % 1000);
    CU_ASSERT(drain_in_order());
}

static void cleared_and_changed_timers_leave_the_others_in_order(void)
{
    for (int i = 0; i < 100 * TIMERS; i++) {
        struct timer *timer = &all[rand() % TIMERS];
        if (rand() % 3 == 0)
            base__timer_clear(&timers, timer);
        else
            base__timer_set(&timers, timer, rand() % 1000);
        if (i % TIMERS == 0)
            CU_ASSERT(timers.first == NULL || timers.first->set);
    }
    CU_ASSERT(drain_in_order());
}

static void clearing_what_is_not_set_does_nothing(void)
{
    struct timer never = { .at = 0 };
    base__timer_clear(&timers, &never);
    CU_ASSERT(timers.first == NULL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(timers_come_out_in_order),
    TEST(cleared_and_changed_timers_leave_the_others_in_order),
    TEST(clearing_what_is_not_set_does_nothing),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "timers", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
