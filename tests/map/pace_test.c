/*
 * pace_test.c - the size of chunks follows what items take
 */
#include "src/map/pace.h"

#include <forkscope/cunit.h>
#include <stddef.h>
#include <stdint.h>

enum { US = 1000 };

static void the_first_chunk_has_one_item(void)
{
    struct procspawn__pace pace;

    procspawn__pace_init(&pace);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, SIZE_MAX, 2), 1);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, 10000, 2), 1);
}

static void chunks_take_two_milliseconds(void)
{
    struct procspawn__pace pace;

    procspawn__pace_init(&pace);
    for (int i = 0; i < 4; i++) {
        size_t chunk = procspawn__pace_next(&pace, SIZE_MAX, 2);
        procspawn__pace_note(&pace, chunk, (int64_t)chunk * 10 * US);
    }
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, SIZE_MAX, 2), 200);
}

static void slow_items_are_chunks_of_their_own(void)
{
    struct procspawn__pace pace;

    procspawn__pace_init(&pace);
    procspawn__pace_note(&pace, 1, 5000 * US);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, SIZE_MAX, 2), 1);
}

static void a_chunk_grows_in_steps(void)
{
    struct procspawn__pace pace;

    procspawn__pace_init(&pace);
    procspawn__pace_note(&pace, 1, 1);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, SIZE_MAX, 2), 64);
}

static void items_that_become_slow_make_small_chunks(void)
{
    struct procspawn__pace pace;

    procspawn__pace_init(&pace);
    procspawn__pace_note(&pace, 1, 1 * US);
    procspawn__pace_note(&pace, 64, 64 * US);
    procspawn__pace_note(&pace, 2000, (int64_t)2000 * 2000 * US);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, SIZE_MAX, 2), 1);
}

static void the_last_chunks_are_smaller(void)
{
    struct procspawn__pace pace;

    procspawn__pace_init(&pace);
    procspawn__pace_note(&pace, 100, 100 * US);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, 100000, 2), 2000);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, 4000, 2), 1000);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, 10, 2), 501);
}

static void an_item_that_takes_no_time_has_a_bounded_chunk(void)
{
    struct procspawn__pace pace;

    procspawn__pace_init(&pace);
    for (int i = 0; i < 10; i++)
        procspawn__pace_note(&pace, procspawn__pace_next(&pace, SIZE_MAX, 2), 0);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn__pace_next(&pace, SIZE_MAX, 2), 16 << 10);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_first_chunk_has_one_item),
    TEST(chunks_take_two_milliseconds),
    TEST(slow_items_are_chunks_of_their_own),
    TEST(a_chunk_grows_in_steps),
    TEST(items_that_become_slow_make_small_chunks),
    TEST(the_last_chunks_are_smaller),
    TEST(an_item_that_takes_no_time_has_a_bounded_chunk),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "pace", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
