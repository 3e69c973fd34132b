/*
 * lane_test.c - which calls of a set may be started: without any call
 */
#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/completion/lane.h"

#include <forkscope/cunit.h>
#include <limits.h>

enum { MS = 1000000, CALLS = 8 };

static const int64_t some_time = 1000 * BASE_SECOND;

static struct procspawn__lane lane;
static struct list calls[CALLS];

static void fill(unsigned places, int count)
{
    procspawn__lane_init(&lane, NULL, places);
    for (int i = 0; i < count; i++) {
        list_init(&calls[i]);
        list_append(&lane.waiting, &calls[i]);
    }
}

static struct list *next(void)
{
    return procspawn__lane_next(&lane, some_time);
}

static void take(void)
{
    procspawn__lane_took(&lane, next());
}

static void calls_start_in_the_order_in_which_they_were_added(void)
{
    fill(UINT_MAX, 3);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_PTR_EQUAL(next(), &calls[i]);
        take();
    }
    CU_ASSERT_PTR_NULL(next());
}

static void no_more_calls_start_than_there_are_places(void)
{
    fill(2, 3);
    take();
    take();
    CU_ASSERT_PTR_NULL(next());
    procspawn__lane_gave_back(&lane);
    CU_ASSERT_PTR_EQUAL(next(), &calls[2]);
}

static void fewer_places_than_calls_that_hold_one_start_none(void)
{
    fill(3, 4);
    take();
    take();
    take();
    lane.places = 1;
    procspawn__lane_gave_back(&lane);
    procspawn__lane_gave_back(&lane);
    CU_ASSERT_PTR_NULL(next());
    procspawn__lane_gave_back(&lane);
    CU_ASSERT_PTR_EQUAL(next(), &calls[3]);
}

static void calls_that_go_back_stand_where_they_stood(void)
{
    fill(CALLS, 4);
    take();
    take();
    procspawn__lane_return(&lane, &calls[1]);
    procspawn__lane_return(&lane, &calls[0]);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_PTR_EQUAL(next(), &calls[i]);
        take();
    }
    CU_ASSERT_EQUAL(lane.started, 4);
}

static void a_shortage_holds_the_lane_for_ten_milliseconds(void)
{
    fill(CALLS, 1);
    CU_ASSERT(procspawn__lane_hold(&lane, some_time));
    CU_ASSERT_PTR_NULL(procspawn__lane_next(&lane, some_time + 10 * MS - 1));
    CU_ASSERT_PTR_EQUAL(procspawn__lane_next(&lane, some_time + 10 * MS), &calls[0]);
}

static void the_end_of_a_call_ends_the_hold(void)
{
    fill(CALLS, 2);
    take();
    CU_ASSERT(procspawn__lane_hold(&lane, some_time));
    CU_ASSERT_PTR_NULL(next());
    procspawn__lane_gave_back(&lane);
    CU_ASSERT_PTR_EQUAL(next(), &calls[1]);
}

static void a_shortage_is_waited_out_while_a_call_runs(void)
{
    fill(CALLS, 2);
    take();
    for (int i = 0; i < 1000; i++)
        CU_ASSERT(procspawn__lane_hold(&lane, some_time + INT64_C(10) * MS * i));
}

static void a_shortage_is_waited_out_for_a_second_when_no_call_runs(void)
{
    fill(CALLS, 1);
    CU_ASSERT(procspawn__lane_hold(&lane, some_time));
    CU_ASSERT(procspawn__lane_hold(&lane, some_time + BASE_SECOND - 1));
    CU_ASSERT_FALSE(procspawn__lane_hold(&lane, some_time + BASE_SECOND));
}

static void each_shortage_is_given_its_own_second(void)
{
    fill(CALLS, 1);
    CU_ASSERT(procspawn__lane_hold(&lane, some_time));
    procspawn__lane_release(&lane);
    CU_ASSERT(procspawn__lane_hold(&lane, some_time + 2 * BASE_SECOND));
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(calls_start_in_the_order_in_which_they_were_added),
    TEST(no_more_calls_start_than_there_are_places),
    TEST(fewer_places_than_calls_that_hold_one_start_none),
    TEST(calls_that_go_back_stand_where_they_stood),
    TEST(a_shortage_holds_the_lane_for_ten_milliseconds),
    TEST(the_end_of_a_call_ends_the_hold),
    TEST(a_shortage_is_waited_out_while_a_call_runs),
    TEST(a_shortage_is_waited_out_for_a_second_when_no_call_runs),
    TEST(each_shortage_is_given_its_own_second),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { { .pName = "lane", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
