/*
 * typed_test.c - functions with plain C parameters: every type at its limits, and values that are
 * not of their type
 */
#include "tests/support/typed_helpers.h"
#include "tests/support/value_helpers.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- as in procspawn ---- */

PROCSPAWN_DEFINE_STATIC(two_args, uint32, (uint32, value1), (uint32, value2))
{
    return value1 + value2;
}

static procspawn_handle *handle;

/* ---- every type, at its limits ---- */

PROCSPAWN_DEFINE_STATIC(limits, int64, (int8, a), (int16, b), (int32, c), (int, d), (long, e),
                        (int64, f))
{
    bool least = a == INT8_MIN && b == INT16_MIN && c == INT32_MIN && d == INT_MIN &&
                 e == LONG_MIN && f == INT64_MIN;
    bool most = a == INT8_MAX && b == INT16_MAX && c == INT32_MAX && d == INT_MAX &&
                e == LONG_MAX && f == INT64_MAX;
    return least ? -1 : most ? 1 : 0;
}

PROCSPAWN_DEFINE_STATIC(unsigned_limits, int, (uint8, a), (uint16, b), (uint32, c), (unsigned, d),
                        (uint64, e))
{
    bool least = a == 0 && b == 0 && c == 0 && d == 0 && e == 0;
    bool most = a == UINT8_MAX && b == UINT16_MAX && c == UINT32_MAX && d == UINT_MAX &&
                e == UINT64_MAX;
    return least ? -1 : most ? 1 : 0;
}

PROCSPAWN_DEFINE_STATIC(echo_uint64, uint64, (uint64, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(echo_double, double, (double, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(echo_float, float, (float, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(echo_size, size, (size, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(echo_bool, bool, (bool, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(echo_string, string, (string, value))
{
    return value ? strdup(value) : NULL;
}

PROCSPAWN_DEFINE_STATIC(echo_json, json, (json, value))
{
    return json_incref(value);
}

PROCSPAWN_DEFINE_STATIC(take_eight, string, (int, a), (string, b), (double, c), (bool, d),
                        (json, e), (uint64, f), (string, g), (int8, h))
{
    char *text = NULL;

    if (asprintf(&text, "%d %s %g %d %d %llu %s %d", a, b, c, d, (int)json_array_size(e),
                 (unsigned long long)f, g, h) < 0)
        return NULL;
    return text;
}

static int spawn_signed(int64_t a, int64_t b, int64_t c, int64_t d)
{
    return limits_spawn(a, b, c, d, LONG_MIN, INT64_MIN, &handle);
}

static int spawn_unsigned(int64_t a, int64_t b, int64_t c, int64_t d)
{
    return unsigned_limits_spawn(a, b, c, d, 0, &handle);
}

static void integers_travel_at_their_limits(void)
{
    int64_t result = 0;
    int which = 0;

    PROCSPAWN_CUNIT_EQUAL(spawn_signed(INT8_MIN, INT16_MIN, INT32_MIN, INT_MIN), 0);
    TYPED_JOIN(limits, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, -1);
    int rc = limits_spawn(INT8_MAX, INT16_MAX, INT32_MAX, INT_MAX, LONG_MAX, INT64_MAX, &handle);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    TYPED_JOIN(limits, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 1);
    PROCSPAWN_CUNIT_EQUAL(spawn_unsigned(0, 0, 0, 0), 0);
    TYPED_JOIN(unsigned_limits, handle, &which);
    PROCSPAWN_CUNIT_EQUAL(which, -1);
    rc = unsigned_limits_spawn(UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT_MAX, UINT64_MAX, &handle);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    TYPED_JOIN(unsigned_limits, handle, &which);
    PROCSPAWN_CUNIT_EQUAL(which, 1);
}

static void integers_out_of_range_are_errors_in_the_caller(void)
{
    PROCSPAWN_CUNIT_EQUAL(spawn_signed(INT8_MAX + 1, 0, 0, 0), PROCSPAWN_ERANGE);
    PROCSPAWN_CUNIT_EQUAL(spawn_signed(0, INT16_MIN - 1, 0, 0), PROCSPAWN_ERANGE);
    PROCSPAWN_CUNIT_EQUAL(spawn_signed(0, 0, INT32_MAX + 1LL, 0), PROCSPAWN_ERANGE);
    PROCSPAWN_CUNIT_EQUAL(spawn_signed(0, 0, 0, INT_MIN - 1LL), PROCSPAWN_ERANGE);
    PROCSPAWN_CUNIT_EQUAL(spawn_unsigned(-1, 0, 0, 0), PROCSPAWN_ERANGE);
    PROCSPAWN_CUNIT_EQUAL(spawn_unsigned(0, UINT16_MAX + 1, 0, 0), PROCSPAWN_ERANGE);
    PROCSPAWN_CUNIT_EQUAL(spawn_unsigned(0, 0, -1, 0), PROCSPAWN_ERANGE);
    PROCSPAWN_CUNIT_EQUAL(spawn_unsigned(0, 0, 0, UINT_MAX + 1LL), PROCSPAWN_ERANGE);
}

static void uint64_travels_whole(void)
{
    static const uint64_t values[] = { 0, INT64_MAX, INT64_MAX + 1ULL, UINT64_MAX - 1, UINT64_MAX };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint64_t result = 1;
        PROCSPAWN_CUNIT_EQUAL(echo_uint64_spawn(values[i], &handle), 0);
        TYPED_JOIN(echo_uint64, handle, &result);
        CU_ASSERT(result == values[i]);
    }
}

static void doubles_travel_exactly_and_must_be_finite(void)
{
    static const double values[] = { 0.0, -0.0, 1.0, 0.1, DBL_MAX, -DBL_MIN, DBL_TRUE_MIN, 1e300 };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        double result = 7;
        PROCSPAWN_CUNIT_EQUAL(echo_double_spawn(values[i], &handle), 0);
        TYPED_JOIN(echo_double, handle, &result);
        CU_ASSERT(memcmp(&result, &values[i], sizeof result) == 0);
    }
    PROCSPAWN_CUNIT_EQUAL(echo_double_spawn((double)NAN, &handle), PROCSPAWN_EJSON);
    PROCSPAWN_CUNIT_EQUAL(echo_double_spawn((double)INFINITY, &handle), PROCSPAWN_EJSON);
}

static void floats_travel_exactly_and_must_be_finite(void)
{
    static const float values[] = { 0.0f, -0.0f, 0.1f, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        float result = 7;
        PROCSPAWN_CUNIT_EQUAL(echo_float_spawn(values[i], &handle), 0);
        TYPED_JOIN(echo_float, handle, &result);
        CU_ASSERT(memcmp(&result, &values[i], sizeof result) == 0);
    }
    PROCSPAWN_CUNIT_EQUAL(echo_float_spawn(NAN, &handle), PROCSPAWN_EJSON);
    PROCSPAWN_CUNIT_EQUAL(echo_float_spawn(-INFINITY, &handle), PROCSPAWN_EJSON);
}

static void sizes_travel_whole(void)
{
    static const size_t values[] = { 0, SSIZE_MAX, SSIZE_MAX + (size_t)1, SIZE_MAX };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        size_t result = 1;
        PROCSPAWN_CUNIT_EQUAL(echo_size_spawn(values[i], &handle), 0);
        TYPED_JOIN(echo_size, handle, &result);
        CU_ASSERT(result == values[i]);
    }
}

static void booleans_travel(void)
{
    bool result = false;

    PROCSPAWN_CUNIT_EQUAL(echo_bool_spawn(true, &handle), 0);
    TYPED_JOIN(echo_bool, handle, &result);
    CU_ASSERT_TRUE(result);
}

static void strings_travel_and_may_be_none(void)
{
    static const char *const texts[] = {
        "", "some words", "\"\\\n\t\x01 \xc3\xa4\xe2\x82\xac", NULL,
    };

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *result = NULL;
        PROCSPAWN_CUNIT_EQUAL(echo_string_spawn(texts[i], &handle), 0);
        TYPED_JOIN(echo_string, handle, &result);
        CU_ASSERT(texts[i] ? result && strcmp(result, texts[i]) == 0 : !result);
        free(result);
    }
    PROCSPAWN_CUNIT_EQUAL(echo_string_spawn("\xff not UTF-8", &handle), PROCSPAWN_EJSON);
}

static void json_travels_and_may_be_none(void)
{
    json_t *value = json_pack("{s:[i, n, {}]}", "key", 1), *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(echo_json_spawn(value, &handle), 0);
    TYPED_JOIN(echo_json, handle, &result);
    CU_ASSERT(json_equal(value, result));
    json_decref(result);
    PROCSPAWN_CUNIT_EQUAL(echo_json_spawn(NULL, &handle), 0);
    TYPED_JOIN(echo_json, handle, &result);
    CU_ASSERT_PTR_NULL(result);
    json_decref(value);
}

static void eight_parameters_keep_their_places(void)
{
    json_t *array = json_pack("[i, i]", 1, 2);
    char *result = NULL;

    int rc = take_eight_spawn(1, "two", 3.5, true, array, UINT64_MAX, "seven", -8, &handle);
    PROCSPAWN_CUNIT_EQUAL(rc, 0);
    TYPED_JOIN(take_eight, handle, &result);
    CU_ASSERT_STRING_EQUAL(result, "1 two 3.5 1 2 18446744073709551615 seven -8");
    free(result);
    json_decref(array);
}

static void a_function_without_a_result_is_only_waited_for(void)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(nothing_at_all_spawn(&handle), 0);
    PROCSPAWN_CUNIT_EQUAL(nothing_at_all_join(handle, &error), 0);
    procspawn_handle_free(handle);
    nothing_at_all();
}

static void nobody_needs_to_want_the_result(void)
{
    PROCSPAWN_CUNIT_EQUAL(echo_string_spawn("not wanted", &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(echo_string_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(echo_string_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
}

/* ---- values that are not of their type ---- */

PROCSPAWN_DEFINE_STATIC(bad_number, double)
{
    return (double)NAN;
}

PROCSPAWN_DEFINE_STATIC(bad_text, string, (int, unused))
{
    (void)unused;
    return strdup("\xff");
}

PROCSPAWN_DEFINE_STATIC(panics, int, (int, value))
{
    procspawn_panic("value %d", value);
}

static json_t *wrong_result(json_t *argument)
{
    (void)argument;
    return json_string("a string");
}

static void results_of_another_type_are_errors(void)
{
    procspawn_error *error = NULL;
    int64_t number;

    handle = calls_start(wrong_result, NULL);
    int rc = limits_join(handle, &number, &error);
    typed_check_failure(handle, rc, error, PROCSPAWN_ERROR_JSON,
                        "the result of limits: " TYPED_NOT_IT);
    handle = calls_start(wrong_result, NULL);
    PROCSPAWN_CUNIT_EQUAL(echo_double_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
}

static void results_that_cannot_be_packed_are_errors(void)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(bad_number_spawn(&handle), 0);
    int rc = bad_number_join(handle, NULL, &error);
    typed_check_failure(handle, rc, error, PROCSPAWN_ERROR_JSON,
                  "the result of bad_number: the value cannot be encoded as JSON");
    PROCSPAWN_CUNIT_EQUAL(bad_text_spawn(0, &handle), 0);
    rc = bad_text_join(handle, NULL, &error);
    typed_check_failure(handle, rc, error, PROCSPAWN_ERROR_JSON,
                  "the result of bad_text: the value cannot be encoded as JSON");
}

static void parameters_that_do_not_fit_are_errors(void)
{
    typed_check_parameters(procspawn__entry_two_args, "[1]", "the parameters of two_args");
    typed_check_parameters(procspawn__entry_two_args, "[1,2,3]", "the parameters of two_args");
    typed_check_parameters(procspawn__entry_two_args, "{}", "the parameters of two_args");
    typed_check_parameters(procspawn__entry_two_args, "[1,-1]", "parameter 2 of two_args");
    typed_check_parameters(procspawn__entry_two_args, "[4294967296,1]", "parameter 1 of two_args");
    typed_check_parameters(procspawn__entry_two_args, "[1.0,1]", "parameter 1 of two_args");
    typed_check_parameters(procspawn__entry_two_args, "[null,1]", "parameter 1 of two_args");
    typed_check_parameters(procspawn__entry_echo_uint64, "[\"7\"]", "parameter 1 of echo_uint64");
    typed_check_parameters(procspawn__entry_echo_uint64, "[\"18446744073709551616\"]",
                           "parameter 1 of echo_uint64");
    typed_check_parameters(procspawn__entry_echo_uint64, "[\"9999999999999999999x\"]",
                           "parameter 1 of echo_uint64");
    typed_check_parameters(procspawn__entry_echo_uint64, "[-1]", "parameter 1 of echo_uint64");
    typed_check_parameters(procspawn__entry_echo_bool, "[1]", "parameter 1 of echo_bool");
    typed_check_parameters(procspawn__entry_echo_double, "[1]", "parameter 1 of echo_double");
    typed_check_parameters(procspawn__entry_echo_float, "[1e39]", "parameter 1 of echo_float");
    typed_check_parameters(procspawn__entry_echo_float, "[-1e39]", "parameter 1 of echo_float");
    typed_check_parameters(procspawn__entry_echo_size, "[-1]", "parameter 1 of echo_size");
    typed_check_parameters(procspawn__entry_echo_size, "[\"18446744073709551616\"]",
                           "parameter 1 of echo_size");
    typed_check_parameters(procspawn__entry_echo_string, "[\"a\\u0000b\"]",
                           "parameter 1 of echo_string");
}

static void failures_are_the_calls_own(void)
{
    procspawn_error *error = NULL;
    int value = 7;

    PROCSPAWN_CUNIT_EQUAL(panics_spawn(13, &handle), 0);
    int rc = panics_join(handle, &value, &error);
    typed_check_failure(handle, rc, error, PROCSPAWN_ERROR_PANIC, "value 13");
    PROCSPAWN_CUNIT_EQUAL(value, 7);
}

static void the_function_can_be_called_here_too(void)
{
    PROCSPAWN_CUNIT_EQUAL(two_args(1, 2), 3);
    CU_ASSERT(mirror((struct point){ .x = 1, .y = 2 }, false).y == -2.0);
}

#define TEST(name) { #name, name }

static CU_TestInfo types[] = {
    TEST(integers_travel_at_their_limits),
    TEST(integers_out_of_range_are_errors_in_the_caller),
    TEST(uint64_travels_whole),
    TEST(doubles_travel_exactly_and_must_be_finite),
    TEST(floats_travel_exactly_and_must_be_finite),
    TEST(sizes_travel_whole),
    TEST(booleans_travel),
    TEST(strings_travel_and_may_be_none),
    TEST(json_travels_and_may_be_none),
    TEST(eight_parameters_keep_their_places),
    TEST(a_function_without_a_result_is_only_waited_for),
    TEST(nobody_needs_to_want_the_result),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo failures[] = {
    TEST(results_of_another_type_are_errors),
    TEST(results_that_cannot_be_packed_are_errors),
    TEST(parameters_that_do_not_fit_are_errors),
    TEST(failures_are_the_calls_own),
    TEST(the_function_can_be_called_here_too),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("types", types),
    VALUES_SUITE("failures", failures),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
