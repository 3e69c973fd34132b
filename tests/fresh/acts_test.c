/*
 * acts_test.c - what a call of a fresh pool leaves behind is not there for the next one
 */
#include "tests/support/fresh_helpers.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned replaced;         /* acts that cost their process */

/* Each number is seen by a call that leaves nothing, before and after the act. */
static void check_act(procspawn_pool *pool, unsigned number)
{
    const struct act *act = acts_get(number);
    json_int_t before = pool_number(pool, fresh_see, json_integer(number));
    json_int_t pid = pool_number(pool, fresh_leave, json_integer(number));
    json_int_t after = pool_number(pool, fresh_see, json_integer(number));
    bool other = pool_number(pool, calls_pid, NULL) != pid;

    replaced += other;
    if (getenv("FRESH_SHOW"))
        printf("%-45s %s\n", act->name, other ? "another process" : "put back");
    if (before != after)
        printf("%s: %lld before, %lld after\n", act->name, (long long)before, (long long)after);
    CU_ASSERT_EQUAL(before, after);
}

static void nothing_that_a_call_leaves_behind_is_there_for_the_next(void)
{
    procspawn_pool *pool = fresh_make(1);

    CU_ASSERT(acts_count() >= 80);
    for (unsigned i = 0; i < acts_count(); i++)
        check_act(pool, i);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CU_ASSERT(replaced < acts_count() / 2);
#endif
    procspawn_pool_free(pool);
}

/* The test can fail: a warm worker keeps what is left. */
static void a_call_of_an_ordinary_pool_finds_it(void)
{
    procspawn_pool *pool = pool_make(1);
    unsigned kept = 0;

    for (unsigned i = 0; i < acts_count(); i++) {
        if (acts_get(i)->alone)
            continue;
        json_int_t before = pool_number(pool, fresh_see, json_integer(i));
        pool_number(pool, fresh_leave, json_integer(i));
        kept += pool_number(pool, fresh_see, json_integer(i)) != before;
    }
    CU_ASSERT(kept > 50);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo acts[] = {
    TEST(nothing_that_a_call_leaves_behind_is_there_for_the_next),
    TEST(a_call_of_an_ordinary_pool_finds_it),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("acts", acts),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    acts_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
