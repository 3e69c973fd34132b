/*
 * map_test.c - typed functions for arrays: F_map
 */
#include "tests/support/pool_helpers.h"
#include "tests/support/typed_helpers.h"

#include <forkscope/map.h>
#include <forkscope/typed.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ITEMS = 2000 };

PROCSPAWN_DEFINE_STATIC(square, int64, (int64, n))
{
    return n * n;
}

/* The form for other files. */
PROCSPAWN_DECLARE(twice, uint8, (uint8, n));
PROCSPAWN_DEFINE(twice, uint8, (uint8, n))
{
    return (uint8_t)(2 * n);
}

PROCSPAWN_DEFINE_STATIC(half, double, (double, whole))
{
    return whole / 2;
}

PROCSPAWN_DEFINE_STATIC(is_even, bool, (size, n))
{
    return n % 2 == 0;
}

PROCSPAWN_DEFINE_STATIC(greet, string, (string, name))
{
    char *text;
    return asprintf(&text, "hello, %s", name ? name : "nobody") < 0 ? NULL : text;
}

PROCSPAWN_DEFINE_STATIC(doubled, numbers, (numbers, it))
{
    return numbers_up_to(2 * (int)it.count);
}

PROCSPAWN_DEFINE_STATIC(count_of, json, (int64s, it))
{
    return json_pack("{s:I}", "count", (json_int_t)it.count);
}

PROCSPAWN_DEFINE_STATIC(fail_at_zero, void, (int, n))
{
    if (n == 0)
        procspawn_fail("zero");
}

PROCSPAWN_DEFINE_STATIC(crash_at_seven, numbers, (int, n))
{
    if (n == 7)
        abort();
    return numbers_up_to(n);
}

PROCSPAWN_DEFINE_STATIC(sleep_at_one, numbers, (int, n))
{
    while (n == 1)
        pause();
    return numbers_up_to(3);
}

/* A type whose values above 99 are refused: when they are packed, and when they are unpacked. */
static json_t *pack_small(const int *value)
{
    return *value > 99 && *value < 200 ? NULL : json_integer(*value);
}

static int unpack_small(const json_t *json, int *ret_value)
{
    *ret_value = (int)json_integer_value(json);
    return *ret_value > 99 ? -1 : 0;
}

#define PROCSPAWN_WORD_small PROCSPAWN_USER
PROCSPAWN_TYPE(small, int, pack_small, unpack_small);

PROCSPAWN_DEFINE_STATIC(enlarge, small, (int, n))
{
    return n == 5 ? 200 : n;
}

PROCSPAWN_DEFINE_STATIC(same, int, (small, n))
{
    return n;
}

static void each_item_has_its_result_at_its_place(void)
{
    static int64_t in[ITEMS], out[ITEMS];
    int wrong = 0;

    for (int i = 0; i < ITEMS; i++)
        in[i] = i;
    PROCSPAWN_CUNIT_EQUAL(square_map(NULL, in, ITEMS, out, NULL), 0);
    for (int i = 0; i < ITEMS; i++)
        wrong += out[i] != (int64_t)i * i;
    PROCSPAWN_CUNIT_EQUAL(wrong, 0);
}

static void arrays_have_the_types_of_parameter_and_result(void)
{
    static const uint8_t bytes[] = { 0, 1, 127 };
    static const size_t sizes[] = { 4, SIZE_MAX };
    static const char *const names[] = { "you", NULL };
    procspawn_pool *pool = pool_make(1);
    const struct procspawn_map_options options = { .pool = pool };
    uint8_t doubles[3];
    bool even[2];
    char *greetings[2];

    PROCSPAWN_CUNIT_EQUAL(twice_map(&options, bytes, 3, doubles, NULL), 0);
    CU_ASSERT(doubles[0] == 0 && doubles[1] == 2 && doubles[2] == 254);
    PROCSPAWN_CUNIT_EQUAL(is_even_map(&options, sizes, 2, even, NULL), 0);
    CU_ASSERT(even[0] && !even[1]);
    PROCSPAWN_CUNIT_EQUAL(greet_map(&options, names, 2, greetings, NULL), 0);
    CU_ASSERT_STRING_EQUAL(greetings[0], "hello, you");
    CU_ASSERT_STRING_EQUAL(greetings[1], "hello, nobody");
    free(greetings[0]);
    free(greetings[1]);
    procspawn_pool_free(pool);
}

static void arrays_and_json_and_types_of_the_users_are_items_and_results(void)
{
    static const int64_t data[] = { 1, 2, 3 };
    const struct procspawn_int64s arrays[] = { { NULL, 0 }, { data, 3 } };
    procspawn_pool *pool = pool_make(1);
    const struct procspawn_map_options options = { .pool = pool };
    struct numbers in[] = { numbers_up_to(2), numbers_up_to(5) }, out[2];
    json_t *counts[2];

    PROCSPAWN_CUNIT_EQUAL(count_of_map(&options, arrays, 2, counts, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_object_get(counts[1], "count")), 3);
    json_decref(counts[0]);
    json_decref(counts[1]);
    PROCSPAWN_CUNIT_EQUAL(doubled_map(&options, in, 2, out, NULL), 0);
    CU_ASSERT(out[0].count == 2 * in[0].count && out[1].count == 2 * in[1].count);
    for (int i = 0; i < 2; i++) {
        release_numbers(&in[i]);
        release_numbers(&out[i]);
    }
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 0);
    procspawn_pool_free(pool);
}

static void results_that_are_not_wanted_are_released(void)
{
    struct numbers in[] = { numbers_up_to(2), numbers_up_to(5) };

    PROCSPAWN_CUNIT_EQUAL(doubled_map(NULL, in, 2, NULL, NULL), 0);
    release_numbers(&in[0]);
    release_numbers(&in[1]);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 0);
}

static void no_items_are_no_calls(void)
{
    PROCSPAWN_CUNIT_EQUAL(square_map(NULL, NULL, 0, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(fail_at_zero_map(NULL, NULL, 0, NULL), 0);
}

static void check_error(procspawn_error *error, enum procspawn_error_kind kind, int code,
                        int64_t item, const char *message)
{
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), kind);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(error), code);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_index(error), item);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), message);
    procspawn_error_free(error);
}

static void an_item_that_is_refused_is_named(void)
{
    static const char *const names[] = { "you", "\xff" };
    static const int numbers[] = { 1, 2, 3, 100 };
    const double wholes[] = { 1, 2, (double)INFINITY };
    procspawn_error *error = NULL;
    char *greetings[2] = { NULL, NULL };
    double halves[3] = { 7, 7, 7 };

    PROCSPAWN_CUNIT_EQUAL(half_map(NULL, wholes, 3, halves, &error), PROCSPAWN_EJSON);
    check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_EJSON, 2,
                "half: parameter whole: the number is not finite");
    CU_ASSERT(halves[0] == 7 && halves[1] == 7 && halves[2] == 7);
    PROCSPAWN_CUNIT_EQUAL(greet_map(NULL, names, 2, greetings, &error), PROCSPAWN_EJSON);
    check_error(error, PROCSPAWN_ERROR_SETUP, PROCSPAWN_EJSON, 1,
                "greet: parameter name: the string is not UTF-8");
    CU_ASSERT_PTR_NULL(greetings[0]);
    PROCSPAWN_CUNIT_EQUAL(same_map(NULL, numbers, 4, NULL, &error), PROCSPAWN_EJSON);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_index(error), 3);
    procspawn_error_free(error);
    PROCSPAWN_CUNIT_EQUAL(half_map(NULL, wholes, 3, halves, NULL), PROCSPAWN_EJSON);
}

static void a_result_of_another_type_is_named(void)
{
    static const int in[] = { 1, 2, 3, 4, 5, 6 };
    procspawn_error *error = NULL;
    int out[6] = { 0 };

    PROCSPAWN_CUNIT_EQUAL(enlarge_map(NULL, in, 6, out, &error), PROCSPAWN_ECALL);
    check_error(error, PROCSPAWN_ERROR_JSON, PROCSPAWN_ECALL, 4,
                "the result of enlarge: " TYPED_NOT_IT);
    CU_ASSERT(out[0] == 0 && out[5] == 0);
}

static void an_item_that_fails_ends_the_map_and_results_are_released(void)
{
    static const int in[] = { 1, 2, 3, 4, 5, 6, 7 };
    const struct procspawn_map_options one_by_one = { .chunk = 1, .window = 1 };
    procspawn_error *error = NULL;
    struct numbers out[7] = { { 0, NULL } };

    PROCSPAWN_CUNIT_EQUAL(crash_at_seven_map(&one_by_one, in, 7, out, &error), PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_REMOTE_CLOSE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_index(error), 6);
    procspawn_error_free(error);
    CU_ASSERT_PTR_NULL(out[0].number);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 0);
}

static void a_map_without_results_tells_failures(void)
{
    static const int in[] = { 3, 2, 1, 0 };
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(fail_at_zero_map(NULL, in, 3, &error), 0);
    CU_ASSERT_PTR_NULL(error);
    PROCSPAWN_CUNIT_EQUAL(fail_at_zero_map(NULL, in, 4, &error), PROCSPAWN_ECALL);
    check_error(error, PROCSPAWN_ERROR_FAILED, PROCSPAWN_ECALL, 3, "zero");
}

static int note_progress(size_t done, size_t total, void *arg)
{
    size_t *last = arg;

    last[0] = done;
    last[1] = total;
    return 0;
}

static void progress_is_told_the_number_of_items(void)
{
    static const int64_t in[] = { 1, 2, 3 };
    size_t last[2] = { 0, 0 };
    const struct procspawn_map_options options = { .progress = note_progress,
                                                   .progress_arg = last };

    PROCSPAWN_CUNIT_EQUAL(square_map(&options, in, 3, NULL, NULL), 0);
    CU_ASSERT(last[0] == 3 && last[1] == 3);
}

static void *map_for_ever(void *arg)
{
    static const int in[] = { 0, 1 };
    struct numbers out[2];

    sleep_at_one_map(arg, in, 2, out, NULL);
    return NULL;
}

/* The first item has a result when the map is cancelled. */
static int cancel_after_one(size_t done, size_t total, void *arg)
{
    (void)total;
    (void)arg;
    if (done == 1)
        pthread_cancel(pthread_self());
    return 0;
}

static void a_cancelled_map_leaves_nothing(void)
{
    struct procspawn_map_options options = { .chunk = 1, .progress = cancel_after_one };
    pthread_t thread;
    void *returned;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, map_for_ever, &options) == 0);
    pthread_join(thread, &returned);
    CU_ASSERT(returned == PTHREAD_CANCELED);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo maps[] = {
    TEST(each_item_has_its_result_at_its_place),
    TEST(arrays_have_the_types_of_parameter_and_result),
    TEST(arrays_and_json_and_types_of_the_users_are_items_and_results),
    TEST(results_that_are_not_wanted_are_released),
    TEST(no_items_are_no_calls),
    TEST(an_item_that_is_refused_is_named),
    TEST(a_result_of_another_type_is_named),
    TEST(an_item_that_fails_ends_the_map_and_results_are_released),
    TEST(a_map_without_results_tells_failures),
    TEST(progress_is_told_the_number_of_items),
    TEST(a_cancelled_map_leaves_nothing),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("typed_maps", maps),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
