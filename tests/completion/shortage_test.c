/*
 * shortage_test.c - a set with few descriptors, and with results that are long
 */
#include "tests/support/descriptor_room.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/set_helpers.h"

#include <forkscope/completion.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 40, LONG = 300000 };

/* So long that a thread decodes it. */
static json_t *give_long_text(json_t *argument)
{
    static char text[LONG];

    (void)argument;
    memset(text, 'x', sizeof text);
    return json_stringn_nocheck(text, sizeof text);
}

static void take_integers(procspawn_set *set)
{
    for (int i = 0; i < CALLS; i++) {
        struct procspawn_result result = set_next(set);
        CU_ASSERT(!result.error);
        procspawn_result_fini(&result);
    }
}

/* There are descriptors for one or two processes at a time, and the set may start sixteen. */
static void a_shortage_of_descriptors_fails_no_call(void)
{
    procspawn_set *set = set_make();
    struct room room;

    calls_check_work(1);
    procspawn_set_max_running(set, 16);
    room_fill(&room);
    room_make(&room, 3);
    for (int i = 0; i < CALLS; i++)
        set_add(set, NULL, calls_echo, json_integer(i), NULL);
    take_integers(set);
    room_end(&room);
    set_check_empty(set);
}

static void long_results_are_given_whole(procspawn_pool *pool)
{
    procspawn_set *set = set_make();

    for (int i = 0; i < CALLS; i++)
        set_add(set, pool, give_long_text, json_null(), NULL);
    for (int i = 0; i < CALLS; i++) {
        struct procspawn_result result = set_next(set);
        PROCSPAWN_CUNIT_EQUAL((int)json_string_length(result.value), LONG);
        procspawn_result_fini(&result);
    }
    set_check_empty(set);
}

static void long_results_of_processes_are_given_whole(void)
{
    long_results_are_given_whole(NULL);
}

static void long_results_of_a_pool_are_given_whole(void)
{
    procspawn_pool *pool = pool_make(2);

    long_results_are_given_whole(pool);
    procspawn_pool_free(pool);
}

/* Each argument lies in memory of its own while it is sent. */
static void long_arguments_wait_without_descriptors(void)
{
    procspawn_set *set = set_make();
    unsigned before = calls_descriptors();

    for (int i = 0; i < CALLS; i++)
        set_add(set, NULL, calls_echo, give_long_text(NULL), NULL);
    CU_ASSERT(calls_descriptors() == before);
    for (int i = 0; i < CALLS; i++) {
        struct procspawn_result result = set_next(set);
        PROCSPAWN_CUNIT_EQUAL((int)json_string_length(result.value), LONG);
        procspawn_result_fini(&result);
    }
    set_check_empty(set);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_shortage_of_descriptors_fails_no_call),
    TEST(long_results_of_processes_are_given_whole),
    TEST(long_results_of_a_pool_are_given_whole),
    TEST(long_arguments_wait_without_descriptors),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { CALLS_SUITE("set_shortages", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
