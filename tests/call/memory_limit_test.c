/*
 * memory_limit_test.c - how much memory a process may use beyond what it has at its start
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { MIB = 1 << 20, LIMIT = 64 * MIB };

static procspawn_builder *limited(uint64_t bytes)
{
    procspawn_builder *builder = procspawn_builder_new();

    CU_ASSERT_FATAL(builder != NULL);
    procspawn_builder_memory_limit(builder, bytes);
    return builder;
}

static int map(json_t *mebibytes, int flags)
{
    size_t size = (size_t)json_integer_value(mebibytes) * MIB;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return errno;
    munmap(memory, size);
    return 0;
}

/* Each maps as many MiB and returns the error, or 0. */
static json_t *map_private(json_t *mebibytes)
{
    return json_integer(map(mebibytes, MAP_PRIVATE));
}

static json_t *map_shared(json_t *mebibytes)
{
    return json_integer(map(mebibytes, MAP_SHARED));
}

/* Frees the builder. */
static json_int_t call(procspawn_builder *builder, procspawn_function *function,
                       json_int_t mebibytes)
{
    procspawn_handle *handle = calls_build(builder, function, json_integer(mebibytes));

    procspawn_builder_free(builder);
    return calls_integer(handle);
}

static json_int_t in_process(uint64_t limit, procspawn_function *function, json_int_t mebibytes)
{
    return call(limited(limit), function, mebibytes);
}

static void what_is_beyond_the_limit_cannot_be_had(void)
{
    PROCSPAWN_CUNIT_EQUAL(in_process(LIMIT, map_private, 32), 0);
    PROCSPAWN_CUNIT_EQUAL(in_process(LIMIT, map_private, 65), ENOMEM);
}

static void a_limit_of_zero_is_none(void)
{
    PROCSPAWN_CUNIT_EQUAL(in_process(0, map_private, 65), 0);
}

static void the_greatest_limit_does_not_overflow(void)
{
    PROCSPAWN_CUNIT_EQUAL(in_process(UINT64_MAX, map_private, 65), 0);
}

static void shared_memory_does_not_count(void)
{
    PROCSPAWN_CUNIT_EQUAL(in_process(LIMIT, map_shared, 65), 0);
}

static void a_limit_that_is_lower_stays(void)
{
    const struct rlimit low = { .rlim_cur = MIB, .rlim_max = MIB };
    procspawn_builder *builder = limited(LIMIT);

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_rlimit(builder, RLIMIT_DATA, &low), 0);
    PROCSPAWN_CUNIT_EQUAL(call(builder, map_private, 32), ENOMEM);
}

static void the_limit_of_a_pool_is_that_of_each_worker(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);

    procspawn_builder_memory_limit(procspawn_pool_builder_process(builder), LIMIT);
    procspawn_pool *pool = pool_build(builder);
    for (int i = 0; i < 2; i++) {
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, map_private, json_integer(32)), 0);
        PROCSPAWN_CUNIT_EQUAL(pool_number(pool, map_private, json_integer(65)), ENOMEM);
    }
    procspawn_pool_free(pool);
}

static json_t *spawn_again(json_t *mebibytes)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(map_private, mebibytes, &handle) < 0)
        return NULL;
    procspawn_join(handle, &result, NULL);
    procspawn_handle_free(handle);
    return result;
}

static void a_child_of_the_process_has_the_limit_too(void)
{
    PROCSPAWN_CUNIT_EQUAL(in_process(LIMIT, spawn_again, 32), 0);
    PROCSPAWN_CUNIT_EQUAL(in_process(LIMIT, spawn_again, 65), ENOMEM);
}

/* ---- what the program has at init ---- */

static char *ballast;
static const size_t weight = (size_t)256 * MIB;

static void begin_with_ballast(void)
{
    ballast = mmap(NULL, weight, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(ballast != MAP_FAILED);
    ballast[0] = 'b';
    calls_begin();
}

static void end_with_ballast(void)
{
    calls_end();
    munmap(ballast, weight);
}

static json_t *map_beside_ballast(json_t *mebibytes)
{
    return ballast[0] == 'b' ? map_private(mebibytes) : NULL;
}

static void the_image_does_not_count(void)
{
    PROCSPAWN_CUNIT_EQUAL(in_process(LIMIT, map_beside_ballast, 32), 0);
    PROCSPAWN_CUNIT_EQUAL(in_process(LIMIT, map_beside_ballast, 65), ENOMEM);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_is_beyond_the_limit_cannot_be_had),
    TEST(a_limit_of_zero_is_none),
    TEST(the_greatest_limit_does_not_overflow),
    TEST(shared_memory_does_not_count),
    TEST(a_limit_that_is_lower_stays),
    TEST(the_limit_of_a_pool_is_that_of_each_worker),
    TEST(a_child_of_the_process_has_the_limit_too),
    CU_TEST_INFO_NULL
};

static CU_TestInfo image[] = {
    TEST(the_image_does_not_count),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("memory_limit", tests),
    { .pName = "image", .pSetUpFunc = begin_with_ballast, .pTearDownFunc = end_with_ballast,
      .pTests = image },
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
