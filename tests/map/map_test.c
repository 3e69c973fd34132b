/*
 * map_test.c - procspawn_map calls a function once for each item of an array
 */
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope/bytes.h>
#include <forkscope/call.h>
#include <forkscope/map.h>
#include <forkscope/value.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MANY = 10000 };

/* How often the function was called for each item; shared with the children. */
static int *calls;

static void begin(void)
{
    calls = mmap(NULL, MANY * sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                 -1, 0);
    calls_begin();
}

static void end(void)
{
    calls_end();
    munmap(calls, MANY * sizeof *calls);
}

static int count(const json_t *item)
{
    int number = (int)json_integer_value(item);

    __atomic_add_fetch(&calls[number], 1, __ATOMIC_RELAXED);
    return number;
}

static json_t *numbers(size_t size)
{
    json_t *array = json_array();

    for (size_t i = 0; i < size; i++)
        json_array_append_new(array, json_integer((json_int_t)i));
    return array;
}

/* The map succeeds. The items are taken. */
static json_t *map(const struct procspawn_map_options *options, procspawn_function *function,
                   json_t *items)
{
    json_t *results = NULL;
    procspawn_error *error = NULL;

    int rc = procspawn_map(options, function, items, &results, &error);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    if (rc < 0)
        procspawn_error_print(error, stderr);
    procspawn_error_free(error);
    json_decref(items);
    return results;
}

/* The map fails. The items are taken. */
static procspawn_error *map_error(const struct procspawn_map_options *options,
                                  procspawn_function *function, json_t *items)
{
    procspawn_error *error = NULL;

    int rc = procspawn_map(options, function, items, NULL, &error);
    CU_ASSERT_FATAL(rc < 0 && error != NULL);
    PROCSPAWN_CUNIT_EQUAL(rc, procspawn_error_code(error));
    json_decref(items);
    return error;
}

static void check_index(procspawn_error *error, int index, enum procspawn_error_kind kind,
                        enum procspawn_cause cause)
{
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_index(error), index);
    calls_check_error(error, kind, cause);
}

static json_t *square(json_t *item)
{
    json_int_t number = count(item);
    return json_integer(number * number);
}

static void check_squares(json_t *results, size_t size)
{
    size_t good = 0, once = 0;

    for (size_t i = 0; i < size; i++) {
        good += json_integer_value(json_array_get(results, i)) == (json_int_t)(i * i);
        once += calls[i] == 1;
    }
    PROCSPAWN_CUNIT_EQUAL((int)json_array_size(results), (int)size);
    PROCSPAWN_CUNIT_EQUAL((int)good, (int)size);
    PROCSPAWN_CUNIT_EQUAL((int)once, (int)size);
    json_decref(results);
}

static void results_come_in_the_order_of_the_items(void)
{
    procspawn_pool *pool = pool_make(2);
    const struct procspawn_map_options options = { .pool = pool };

    check_squares(map(&options, square, numbers(MANY)), MANY);
    procspawn_pool_free(pool);
}

static void a_map_without_a_pool_has_one_of_its_own(void)
{
    check_squares(map(NULL, square, numbers(100)), 100);
}

static void no_items_have_no_results(void)
{
    check_squares(map(NULL, square, numbers(0)), 0);
}

static void chunks_of_a_given_size_have_all_results(void)
{
    procspawn_pool *pool = pool_make(2);
    struct procspawn_map_options options = { .pool = pool };

    for (size_t chunk = 1; chunk <= 1000; chunk *= 10) {
        memset(calls, 0, MANY * sizeof *calls);
        options.chunk = chunk;
        check_squares(map(&options, square, numbers(999)), 999);
    }
    procspawn_pool_free(pool);
}

static void what_is_no_array_is_refused(void)
{
    procspawn_error *error = map_error(NULL, square, json_integer(1));

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), -EINVAL);
    procspawn_error_free(error);
}

static void a_negative_limit_is_refused(void)
{
    const struct procspawn_map_options options = { .run_limit = -1 };
    procspawn_error *error = map_error(&options, square, numbers(1));

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), -EINVAL);
    procspawn_error_free(error);
}

/* ---- failures ---- */

static json_t *crash_at_777(json_t *item)
{
    if (count(item) == 777)
        abort();
    return json_incref(item);
}

static json_t *fail_at_777(json_t *item)
{
    return count(item) == 777 ? procspawn_fail("the number is %d", 777) : json_incref(item);
}

static json_t *null_at_777(json_t *item)
{
    return count(item) == 777 ? NULL : json_incref(item);
}

static void check_777(procspawn_function *function, size_t chunk, enum procspawn_error_kind kind,
                      enum procspawn_cause cause)
{
    procspawn_pool *pool = pool_make(2);
    const struct procspawn_map_options options = { .pool = pool, .chunk = chunk };

    check_index(map_error(&options, function, numbers(1000)), 777, kind, cause);
    PROCSPAWN_CUNIT_EQUAL(calls[777], 1);
    procspawn_pool_free(pool);
}

static void a_crash_names_its_item(void)
{
    check_777(crash_at_777, 0, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    memset(calls, 0, MANY * sizeof *calls);
    check_777(crash_at_777, 1000, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
}

static void a_reported_failure_names_its_item(void)
{
    check_777(fail_at_777, 100, PROCSPAWN_ERROR_FAILED, PROCSPAWN_CAUSE_NONE);
}

static void a_function_that_returns_null_names_its_item(void)
{
    check_777(null_at_777, 100, PROCSPAWN_ERROR_PANIC, PROCSPAWN_CAUSE_NONE);
}

static void an_item_that_cannot_be_sent_is_named(void)
{
    procspawn_pool *pool = pool_make(2);
    const struct procspawn_map_options options = { .pool = pool, .chunk = 10 };
    json_t *items = numbers(20);

    json_array_set_new(items, 13, json_stringn_nocheck("\xff", 1));
    procspawn_error *error = map_error(&options, calls_echo, items);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_index(error), 13);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), PROCSPAWN_EJSON);
    procspawn_error_free(error);
    procspawn_pool_free(pool);
}

static json_t *hang_at_7(json_t *item)
{
    return count(item) == 7 ? calls_hang(item) : json_incref(item);
}

static void an_item_over_its_run_limit_is_named(void)
{
    const struct procspawn_map_options options = { .run_limit = CALLS_SECOND / 5 };

    check_index(map_error(&options, hang_at_7, numbers(20)), 7, PROCSPAWN_ERROR_TIMED_OUT,
                PROCSPAWN_CAUSE_TIME_LIMIT);
}

static void a_map_over_its_total_limit_ends(void)
{
    procspawn_pool *pool = pool_make(2);
    const struct procspawn_map_options options = { .pool = pool, .chunk = 10,
                                                   .total_limit = CALLS_SECOND / 5 };

    procspawn_error *error = map_error(&options, hang_at_7, numbers(20));
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_limit(error), PROCSPAWN_LIMIT_TOTAL);
    check_index(error, -1, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_NONE);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_pool_active_count(pool), 0);
    procspawn_pool_free(pool);
}

static void a_pool_that_was_shut_down_takes_no_map(void)
{
    procspawn_pool *pool = pool_make(1);
    const struct procspawn_map_options options = { .pool = pool };

    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_shutdown(pool), 0);
    procspawn_error *error = map_error(&options, square, numbers(3));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), PROCSPAWN_ESHUTDOWN);
    procspawn_error_free(error);
    procspawn_pool_free(pool);
}

/* ---- values that are not plain ---- */

static json_t *long_string(json_t *item)
{
    size_t length = 200000 + (size_t)count(item);
    char *text = malloc(length + 1);

    memset(text, 'x', length);
    text[length] = '\0';
    json_t *value = json_string(text);
    free(text);
    return value;
}

static void results_that_do_not_fit_into_the_memory_of_a_chunk_come_too(void)
{
    const struct procspawn_map_options options = { .chunk = 30 };
    json_t *results = map(&options, long_string, numbers(30));

    for (size_t i = 0; i < 30; i++) {
        PROCSPAWN_CUNIT_EQUAL((int)json_string_length(json_array_get(results, i)),
                              200000 + (int)i);
        PROCSPAWN_CUNIT_EQUAL(calls[i], 1);
    }
    json_decref(results);
}

static json_t *bytes_of(json_t *item)
{
    int number = count(item);
    return procspawn_value_bytes(&number, sizeof number);
}

static void bytes_are_results_like_others(void)
{
    const struct procspawn_map_options options = { .chunk = 50 };
    json_t *results = map(&options, bytes_of, numbers(100));

    for (int i = 0; i < 100; i++) {
        const json_t *bytes = json_array_get(results, (size_t)i);
        CU_ASSERT_FATAL(procspawn_bytes_length(bytes) == sizeof i);
        CU_ASSERT(memcmp(procspawn_bytes_value(bytes), &i, sizeof i) == 0);
        PROCSPAWN_CUNIT_EQUAL(calls[i], 1);
    }
    json_decref(results);
}

/* The descriptor of an item is closed by the library after the chunk. */
static json_t *descriptor_is_open(json_t *item)
{
    int fd;

    if (procspawn_value_claim_fd(item, &fd) < 0)
        return json_false();
    return close(fd) == 0 ? json_true() : json_false();
}

static void items_with_more_descriptors_than_a_message_carries_are_called(void)
{
    enum { ITEMS = 200 };
    const struct procspawn_map_options options = { .chunk = ITEMS };
    json_t *items = json_array();

    for (int i = 0; i < ITEMS; i++)
        json_array_append_new(items, procspawn_value_fd(STDERR_FILENO));
    json_t *results = map(&options, descriptor_is_open, items);
    for (size_t i = 0; i < ITEMS; i++)
        CU_ASSERT(json_is_true(json_array_get(results, i)));
    json_decref(results);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(results_come_in_the_order_of_the_items),
    TEST(a_map_without_a_pool_has_one_of_its_own),
    TEST(no_items_have_no_results),
    TEST(chunks_of_a_given_size_have_all_results),
    TEST(what_is_no_array_is_refused),
    TEST(a_negative_limit_is_refused),
    TEST(a_crash_names_its_item),
    TEST(a_reported_failure_names_its_item),
    TEST(a_function_that_returns_null_names_its_item),
    TEST(an_item_that_cannot_be_sent_is_named),
    TEST(an_item_over_its_run_limit_is_named),
    TEST(a_map_over_its_total_limit_ends),
    TEST(a_pool_that_was_shut_down_takes_no_map),
    TEST(results_that_do_not_fit_into_the_memory_of_a_chunk_come_too),
    TEST(bytes_are_results_like_others),
    TEST(items_with_more_descriptors_than_a_message_carries_are_called),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "map", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
