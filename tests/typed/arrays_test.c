/*
 * arrays_test.c - bytes and arrays of numbers as parameters and results
 */
#include "tests/support/typed_helpers.h"
#include "tests/support/value_helpers.h"

#include <forkscope/bytes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

PROCSPAWN_DEFINE_STATIC(reversed, bytes, (bytes, it))
{
    unsigned char *data = malloc(it.size + 1);
    struct procspawn_bytes result = { data, it.size };

    for (size_t i = 0; i < it.size; i++)
        data[i] = it.data[it.size - 1 - i];
    return result;
}

PROCSPAWN_DEFINE_STATIC(squares, int64s, (int64, count))
{
    int64_t *data = calloc((size_t)count + 1, sizeof *data);
    struct procspawn_int64s result = { data, (size_t)count };

    for (int64_t i = 0; i < count; i++)
        data[i] = i * i;
    return result;
}

PROCSPAWN_DEFINE_STATIC(sum, double, (doubles, numbers), (int64s, weights))
{
    double total = 0;

    for (size_t i = 0; i < numbers.count && i < weights.count; i++)
        total += numbers.data[i] * (double)weights.data[i];
    return total;
}

PROCSPAWN_DEFINE_STATIC(nothing_of, int64s)
{
    return (struct procspawn_int64s){ NULL, 0 };
}

PROCSPAWN_DEFINE_STATIC(nowhere, doubles)
{
    return (struct procspawn_doubles){ NULL, 3 };
}

static void any_bytes_travel(void)
{
    unsigned char all[256], *large = malloc(1 << 20);
    struct procspawn_bytes result = { NULL, 0 };

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (unsigned char)i;
    PROCSPAWN_CUNIT_EQUAL(reversed_call((struct procspawn_bytes){ all, sizeof all }, &result, NULL),
                          0);
    CU_ASSERT_FATAL(result.size == sizeof all);
    CU_ASSERT(result.data[0] == 255 && result.data[255] == 0);
    free((void *)(uintptr_t)result.data);

    memset(large, 0xff, 1 << 20);
    large[0] = 0;
    PROCSPAWN_CUNIT_EQUAL(reversed_call((struct procspawn_bytes){ large, 1 << 20 }, &result, NULL),
                          0);
    CU_ASSERT_FATAL(result.size == 1 << 20);
    CU_ASSERT(result.data[0] == 0xff && result.data[(1 << 20) - 1] == 0);
    free((void *)(uintptr_t)result.data);
    free(large);
}

static void arrays_of_numbers_travel_exactly(void)
{
    static const double numbers[] = { 0.1, -1e200, 1e200, 5e-324 };
    static const int64_t weights[] = { 10, INT64_MAX, INT64_MAX, 0 };
    struct procspawn_int64s result = { NULL, 0 };
    double total = 7;

    PROCSPAWN_CUNIT_EQUAL(squares_call(1000, &result, NULL), 0);
    CU_ASSERT_FATAL(result.count == 1000);
    CU_ASSERT(result.data[0] == 0 && result.data[999] == 998001);
    free((void *)(uintptr_t)result.data);
    PROCSPAWN_CUNIT_EQUAL(sum_call((struct procspawn_doubles){ numbers, 4 },
                                   (struct procspawn_int64s){ weights, 4 }, &total, NULL), 0);
    CU_ASSERT(total == sum((struct procspawn_doubles){ numbers, 4 },
                           (struct procspawn_int64s){ weights, 4 }));
}

static void an_empty_array_needs_no_data(void)
{
    struct procspawn_bytes bytes = { NULL, 7 };
    struct procspawn_int64s numbers = { NULL, 7 };

    PROCSPAWN_CUNIT_EQUAL(reversed_call((struct procspawn_bytes){ NULL, 0 }, &bytes, NULL), 0);
    CU_ASSERT(bytes.data != NULL && bytes.size == 0);
    free((void *)(uintptr_t)bytes.data);
    PROCSPAWN_CUNIT_EQUAL(nothing_of_call(&numbers, NULL), 0);
    CU_ASSERT(numbers.data != NULL && numbers.count == 0);
    free((void *)(uintptr_t)numbers.data);
    PROCSPAWN_CUNIT_EQUAL(nothing_of_call(NULL, NULL), 0);
}

static void an_array_without_data_is_refused(void)
{
    struct procspawn_doubles none = { NULL, 3 };
    struct procspawn_int64s no_weights = { NULL, 0 };
    procspawn_error *error = NULL;

    int rc = sum_call(none, no_weights, NULL, &error);
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_EVALUE);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), "sum: parameter numbers: " TYPED_NOT_IT);
    procspawn_error_free(error);
    PROCSPAWN_CUNIT_EQUAL(nowhere_call(NULL, NULL), PROCSPAWN_ECALL);
}

/* Makes a value that a typed function would not make. */
static json_t *three_bytes(json_t *argument)
{
    (void)argument;
    return procspawn_value_bytes("abc", 3);
}

static json_t *no_bytes(json_t *argument)
{
    (void)argument;
    return json_string("abc");
}

static void values_of_another_form_are_refused(void)
{
    struct procspawn_result result;
    struct procspawn_int64s numbers = { NULL, 7 };

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, three_bytes, NULL, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(squares_result(&result, &numbers), PROCSPAWN_ECALL);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, no_bytes, NULL, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(reversed_result(&result, NULL), PROCSPAWN_ECALL);
    procspawn_result_fini(&result);
    CU_ASSERT(numbers.count == 7);
    typed_check_parameters(procspawn__entry_reversed, "[\"abc\"]", "parameter 1 of reversed");
    typed_check_parameters(procspawn__entry_reversed, "[null]", "parameter 1 of reversed");
}

#define TEST(name) { #name, name }

static CU_TestInfo arrays[] = {
    TEST(any_bytes_travel),
    TEST(arrays_of_numbers_travel_exactly),
    TEST(an_empty_array_needs_no_data),
    TEST(an_array_without_data_is_refused),
    TEST(values_of_another_form_are_refused),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("typed_arrays", arrays),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
