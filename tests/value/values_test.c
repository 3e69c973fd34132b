/*
 * values_test.c - which values can be sent, and the errors for those that cannot
 */
#include "tests/support/call_helpers.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 2048, MIB = 1024 * 1024 };

/* There and back, as deep as may be. */
static json_t *echo(json_t *value)
{
    procspawn_builder *builder = procspawn_builder_new();

    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_result_depth(builder, DEEPEST), 0);
    procspawn_handle *handle = calls_build(builder, calls_echo, json_incref(value));
    procspawn_builder_free(builder);
    return calls_result(handle);
}

static void check_travels(json_t *value)
{
    json_t *back = echo(value);

    CU_ASSERT(json_equal(value, back));
    json_decref(value);
    json_decref(back);
}

static void check_refused(json_t *value)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, value, &handle), PROCSPAWN_EJSON);
    CU_ASSERT(!handle);
}

static void every_kind_of_value_travels(void)
{
    check_travels(json_null());
    check_travels(json_true());
    check_travels(json_false());
    check_travels(json_real(0.1));
    check_travels(json_real(1.7976931348623157e308));
    check_travels(json_real(5e-324));
    check_travels(json_real(-0.0));
    check_travels(json_string(""));
    check_travels(json_array());
    check_travels(json_object());
    check_travels(json_pack("{s:[i,{s:n},[]],s:s,s:b}", "a", 1, "n", "", "v", "t", 1));
}

static void no_argument_is_null(void)
{
    json_t *back = calls_result(calls_start(calls_echo, NULL));

    CU_ASSERT(json_is_null(back));
    json_decref(back);
}

static void integers_travel_to_their_limits(void)
{
    check_travels(json_integer(LLONG_MAX));
    check_travels(json_integer(LLONG_MIN));
    check_travels(json_integer(0));
    check_travels(json_integer(-1));
}

static void every_character_travels(void)
{
    char text[8];

    for (unsigned c = 1; c < 0x80; c++) {
        snprintf(text, sizeof text, "x%cy", (int)c);
        json_t *value = json_string(text);
        json_t *back = calls_result(calls_start(calls_echo, json_incref(value)));
        CU_ASSERT(json_equal(value, back));
        json_decref(value);
        json_decref(back);
        c += c < 0x30 ? 0 : 7;
    }
    check_travels(json_string("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf "
                              "\\u0000 \"\\/\b"));
}

static void nul_bytes_travel_in_strings_but_not_in_keys(void)
{
    check_travels(json_stringn("a\0b\0", 4));
    json_t *object = json_object();
    PROCSPAWN_CUNIT_EQUAL(json_object_setn_new(object, "a\0b", 3, json_true()), 0);
    check_refused(object);
    json_decref(object);
}

static json_t *nested_arrays(unsigned depth, json_t *inner)
{
    for (unsigned i = 0; i < depth; i++) {
        json_t *outer = json_array();
        if (inner)
            json_array_append_new(outer, inner);
        inner = outer;
    }
    return inner;
}

/* jansson frees by recursion, which a million levels are too much for. */
static void free_nested(json_t *outer)
{
    while (outer) {
        json_t *inner = json_incref(json_array_get(outer, 0));
        json_array_clear(outer);
        json_decref(outer);
        outer = inner;
    }
}

static void values_nest_as_deep_as_jansson_reads(void)
{
    json_t *deepest = nested_arrays(DEEPEST, NULL);
    json_t *back = echo(deepest);

    CU_ASSERT(json_equal(deepest, back));
    json_decref(back);
    json_t *deeper = nested_arrays(1, deepest);
    check_refused(deeper);
    json_decref(deeper);
    deeper = nested_arrays(DEEPEST, json_integer(1));
    check_refused(deeper);
    json_decref(deeper);
    check_travels(nested_arrays(DEEPEST - 1, json_integer(1)));
}

static void a_million_levels_do_not_overflow_the_callers_stack(void)
{
    json_t *deep = nested_arrays(1000000, NULL);

    check_refused(deep);
    free_nested(deep);
}

static void a_value_that_contains_itself_is_refused(void)
{
    json_t *outer = json_array(), *inner = json_object();

    json_object_set(inner, "outer", outer);
    json_array_append(outer, inner);
    json_array_append(outer, inner);
    check_refused(outer);
    json_array_clear(outer);
    json_decref(inner);
    json_decref(outer);
}

static void text_that_is_no_utf8_is_refused(void)
{
    json_t *text = json_stringn_nocheck("\xc3(", 2), *object = json_object();

    check_refused(text);
    json_object_set_new_nocheck(object, "\xff", json_true());
    check_refused(object);
    json_decref(object);
    json_decref(text);
}

static void what_is_no_number_cannot_be_made(void)
{
    json_t *real = json_real(1);

    CU_ASSERT(!json_real(NAN) && !json_real(INFINITY));
    CU_ASSERT(json_real_set(real, NAN) < 0);
    check_travels(real);
}

static json_t *text_of_length(size_t length)
{
    char *text = malloc(length + 1);

    CU_ASSERT_FATAL(text != NULL);
    memset(text, 'a', length);
    json_t *value = json_stringn_nocheck(text, length);
    free(text);
    return value;
}

static void values_of_any_length_travel(void)
{
    static const size_t lengths[] = { 0, 1, 100, 4095, 4096, 48000, 49000, 49010, 49020, 49030,
                                      49040, 49050, 49060, 49070, 49080, 49090, 49100, 49110, 49120,
                                      49130, 49140, 49150, 49152, 50000, 212992, 1 << 20,
                                      16 << 20 };

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        check_travels(text_of_length(lengths[i]));
}

static void every_length_around_a_frame_travels(void)
{
    enum { FRAME = 48 * 1024, AROUND = 200, STEP = 3 };

    for (size_t length = FRAME - AROUND; length < FRAME + 20; length += STEP)
        check_travels(text_of_length(length));
}

static void a_quarter_of_a_gigabyte_travels(void)
{
    procspawn_cunit_time_limit(300 * CALLS_SECOND);
    check_travels(text_of_length((size_t)256 * MIB));
}

static json_t *many_numbers(json_t *count)
{
    json_t *array = json_array();

    for (json_int_t i = 0; i < json_integer_value(count); i++)
        json_array_append_new(array, json_integer(i));
    return array;
}

static void results_may_be_longer_than_arguments(void)
{
    json_t *back = calls_result(calls_start(many_numbers, json_integer(100000)));

    PROCSPAWN_CUNIT_EQUAL(json_array_size(back), 100000);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(back, 99999)), 99999);
    json_decref(back);
}

static json_t *too_deep(json_t *argument)
{
    return nested_arrays((unsigned)json_integer_value(argument), NULL);
}

static json_t *no_text(json_t *argument)
{
    (void)argument;
    return json_stringn_nocheck("\xff", 1);
}

static json_t *circular(json_t *argument)
{
    json_t *outer = json_array(), *inner = json_array();
    (void)argument;

    json_array_append(inner, outer);
    json_array_append(outer, inner);
    return outer;
}

static void results_that_cannot_travel_are_errors_of_the_call(void)
{
    calls_check_error(calls_error(calls_start(no_text, NULL)), PROCSPAWN_ERROR_JSON,
                      PROCSPAWN_CAUSE_NONE);
    calls_check_error(calls_error(calls_start(circular, NULL)), PROCSPAWN_ERROR_JSON,
                      PROCSPAWN_CAUSE_NONE);
    calls_check_error(calls_error(calls_start(too_deep, json_integer(DEEPEST + 1))),
                      PROCSPAWN_ERROR_JSON, PROCSPAWN_CAUSE_NONE);
    calls_check_error(calls_error(calls_start(too_deep, json_integer(1000000))),
                      PROCSPAWN_ERROR_JSON, PROCSPAWN_CAUSE_NONE);
}

static void the_argument_stays_the_callers(void)
{
    json_t *value = json_pack("[i]", 1);
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, value, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(value->refcount, 1);
    json_array_append_new(value, json_integer(2));
    json_t *back = calls_result(handle);
    PROCSPAWN_CUNIT_EQUAL(json_array_size(back), 1);
    json_decref(back);
    json_decref(value);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(every_kind_of_value_travels),
    TEST(no_argument_is_null),
    TEST(integers_travel_to_their_limits),
    TEST(every_character_travels),
    TEST(nul_bytes_travel_in_strings_but_not_in_keys),
    TEST(values_nest_as_deep_as_jansson_reads),
    TEST(a_million_levels_do_not_overflow_the_callers_stack),
    TEST(a_value_that_contains_itself_is_refused),
    TEST(text_that_is_no_utf8_is_refused),
    TEST(what_is_no_number_cannot_be_made),
    TEST(values_of_any_length_travel),
    TEST(every_length_around_a_frame_travels),
    TEST(a_quarter_of_a_gigabyte_travels),
    TEST(results_may_be_longer_than_arguments),
    TEST(results_that_cannot_travel_are_errors_of_the_call),
    TEST(the_argument_stays_the_callers),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "values", .pSetUpFunc = calls_begin, .pTearDownFunc = calls_end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
