/*
 * shown_threads_test.c - which threads are in a report when there is no room for all
 */
#include "src/crash/shown_threads.h"

#include <forkscope/cunit.h>
#include <string.h>

enum { MAIN = 5000, MANY = 1000 };

static struct tracees tracees;
static pid_t waits_for[TRACEES_MAX];
static uint16_t shown[BACKTRACE_THREADS];

/* Thread i has the id 1000 + i, the last one that of the main thread. */
static void begin(size_t count)
{
    tracees.count = count;
    for (size_t i = 0; i < count; i++)
        tracees.tracee[i] = (struct tracee){ .tid = 1000 + (pid_t)i };
    tracees.tracee[count - 1].tid = MAIN;
    memset(waits_for, 0, sizeof waits_for);
}

static bool is_shown(size_t count, size_t place)
{
    for (size_t i = 0; i < count; i++)
        if (shown[i] == place)
            return true;
    return false;
}

static void all_are_shown_where_there_is_room(void)
{
    begin(BACKTRACE_THREADS);
    CU_ASSERT_EQUAL(crash__shown_threads(&tracees, MAIN, waits_for, shown), BACKTRACE_THREADS);
    for (size_t i = 0; i < BACKTRACE_THREADS; i++)
        CU_ASSERT_EQUAL(shown[i], i);
}

static void the_first_the_main_thread_and_who_is_waited_for_are_never_cut(void)
{
    begin(MANY);
    waits_for[3] = 1000 + 700;
    waits_for[999] = 1000 + 800;
    waits_for[4] = 77;
    CU_ASSERT_EQUAL_FATAL(crash__shown_threads(&tracees, MAIN, waits_for, shown),
                          BACKTRACE_THREADS);
    CU_ASSERT(is_shown(BACKTRACE_THREADS, 0));
    CU_ASSERT(is_shown(BACKTRACE_THREADS, 700));
    CU_ASSERT(is_shown(BACKTRACE_THREADS, 800));
    CU_ASSERT(is_shown(BACKTRACE_THREADS, MANY - 1));
    CU_ASSERT(is_shown(BACKTRACE_THREADS, BACKTRACE_THREADS - 4));
    CU_ASSERT_FALSE(is_shown(BACKTRACE_THREADS, BACKTRACE_THREADS));
    for (size_t i = 1; i < BACKTRACE_THREADS; i++)
        CU_ASSERT(shown[i] > shown[i - 1]);
}

static void more_who_are_waited_for_than_there_is_room_are_bounded(void)
{
    begin(MANY);
    for (size_t i = 0; i < MANY; i++)
        waits_for[i] = 1000 + (pid_t)(MANY - 1 - i);
    CU_ASSERT_EQUAL(crash__shown_threads(&tracees, MAIN, waits_for, shown), BACKTRACE_THREADS);
    CU_ASSERT(is_shown(BACKTRACE_THREADS, 0));
    CU_ASSERT(is_shown(BACKTRACE_THREADS, MANY - 1));
}

static void no_thread_is_no_mistake(void)
{
    tracees.count = 0;
    CU_ASSERT_EQUAL(crash__shown_threads(&tracees, MAIN, waits_for, shown), 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(all_are_shown_where_there_is_room),
    TEST(the_first_the_main_thread_and_who_is_waited_for_are_never_cut),
    TEST(more_who_are_waited_for_than_there_is_room_are_bounded),
    TEST(no_thread_is_no_mistake),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "shown_threads", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
