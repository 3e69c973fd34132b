/*
 * programs_test.c - random programs of acts give the same in a fresh pool as in new processes
 *
 * `make check-fresh-calls` runs FRESH_CALLS of them. FRESH_SEED says which.
 */
#include "tests/support/fresh_helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST = 6, WORKERS = 2 };

static uint64_t state;

/* xorshift64* of Marsaglia and Vigna. */
static unsigned draw(unsigned limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

static unsigned number_of(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);
    return text ? (unsigned)strtoul(text, NULL, 0) : otherwise;
}

/* Of the acts whose consequences are the same each time. */
static json_t *draw_program(void)
{
    json_t *numbers = json_array();

    for (unsigned left = draw(MOST + 1); left > 0;) {
        unsigned act = draw(acts_count());
        if (acts_get(act)->alone)
            continue;
        json_array_append_new(numbers, json_integer(act));
        left--;
    }
    return numbers;
}

static void show(const json_t *program, const json_t *fresh, const json_t *new)
{
    size_t seen = 0;
    size_t i;
    json_t *number;

    json_array_foreach(program, i, number)
        printf("act: %s\n", acts_get((unsigned)json_integer_value(number))->name);
    for (unsigned act = 0; act < acts_count(); act++) {
        if (acts_get(act)->alone)
            continue;
        if (!json_equal(json_array_get(fresh, seen), json_array_get(new, seen)))
            printf("differs: %s: %lld, in a new process %lld\n", acts_get(act)->name,
                   (long long)json_integer_value(json_array_get(fresh, seen)),
                   (long long)json_integer_value(json_array_get(new, seen)));
        seen++;
    }
}

static bool compare(procspawn_pool *pool)
{
    json_t *program = draw_program();
    json_t *fresh = calls_result(pool_start(pool, fresh_program, json_incref(program)));
    json_t *new = calls_result(calls_start(fresh_program, json_incref(program)));
    bool same = json_equal(fresh, new) && json_array_size(fresh) > 0;

    if (!same)
        show(program, fresh, new);
    json_decref(program);
    json_decref(fresh);
    json_decref(new);
    return same;
}

static void a_program_gives_the_same_as_in_a_new_process(void)
{
    const unsigned calls = number_of("FRESH_CALLS", 25);
    procspawn_pool *pool = fresh_make(WORKERS);
    bool same = true;

    state = number_of("FRESH_SEED", (unsigned)time(NULL)) | 1;
    printf("seed %llu, %u calls\n", (unsigned long long)state, calls);
    for (unsigned i = 0; i < calls && same; i++)
        same = compare(pool);
    CU_ASSERT(same);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo programs[] = {
    TEST(a_program_gives_the_same_as_in_a_new_process),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("programs", programs),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    acts_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
