/*
 * bytes_test.c - bytes and long strings inside values: made, read, carried, printed
 */
#include "src/value/reserved.h"
#include "tests/support/channel_helpers.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20, ATTACHED = 4096 };

/* Not UTF-8, with NUL bytes, different for each seed. */
static void fill(char *bytes, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)((i + seed) * 2654435761u >> 13);
}

static json_t *some_bytes(size_t size, unsigned seed)
{
    char *bytes = malloc(size + 1);

    fill(bytes, size, seed);
    return procspawn_value_bytes_take(bytes, size);
}

static json_t *text_of(size_t length, const char *piece)
{
    size_t size = strlen(piece), count = length / size;
    char *text = malloc(length + 1);

    memset(text, 'x', length);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, piece, size);
    json_t *value = json_stringn(text, length);
    free(text);
    return value;
}

/* ---- in one process ---- */

static void a_bytes_value_gives_its_bytes_back(void)
{
    static const char data[] = "\xff\0\xc0 end";
    json_t *value = procspawn_value_bytes(data, sizeof data);
    const char *bytes = procspawn_bytes_value(value);

    CU_ASSERT_EQUAL(procspawn_bytes_length(value), sizeof data);
    CU_ASSERT_EQUAL(memcmp(bytes, data, sizeof data), 0);
    CU_ASSERT_EQUAL(bytes[sizeof data], '\0');
    CU_ASSERT_EQUAL((uintptr_t)bytes % _Alignof(max_align_t), 0);
    CU_ASSERT_EQUAL(procspawn_value_kind(value), PROCSPAWN_VALUE_BYTES);
    CU_ASSERT_PTR_NULL(json_dumps(value, 0));
    json_decref(value);
}

static void empty_bytes_have_a_pointer(void)
{
    json_t *values[] = { procspawn_value_bytes(NULL, 0), procspawn_value_bytes_take(NULL, 0),
                         procspawn_value_bytes_take(malloc(8), 0) };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        CU_ASSERT_PTR_NOT_NULL(procspawn_bytes_value(values[i]));
        CU_ASSERT_EQUAL(procspawn_bytes_length(values[i]), 0);
        json_decref(values[i]);
    }
}

static void what_is_not_bytes_has_none(void)
{
    json_t *values[] = {
        NULL, json_null(), json_string("bytes"), json_array(), json_object(),
        json_pack("{s:s, s:s}", PROCSPAWN__RESERVED_KEY, "", "bytes", "a"),
        json_pack("{s:s, s:s}", PROCSPAWN__RESERVED_KEY, "\xc3\xbf", "bytes", "a"),
        procspawn_value_fd(STDOUT_FILENO),
    };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        CU_ASSERT_PTR_NULL(procspawn_bytes_value(values[i]));
        CU_ASSERT_EQUAL(procspawn_bytes_length(values[i]), 0);
        CU_ASSERT_NOT_EQUAL(procspawn_value_kind(values[i]), PROCSPAWN_VALUE_BYTES);
        json_decref(values[i]);
    }
}

static void copies_of_bytes_are_bytes(void)
{
    json_t *value = json_pack("[o]", some_bytes(100, 1));
    json_t *shallow = json_copy(value), *deep = json_deep_copy(value);

    CU_ASSERT_TRUE(json_equal(value, deep));
    CU_ASSERT_PTR_EQUAL(procspawn_bytes_value(json_array_get(shallow, 0)),
                        procspawn_bytes_value(json_array_get(value, 0)));
    json_decref(value);
    json_decref(shallow);
    CU_ASSERT_EQUAL(procspawn_bytes_length(json_array_get(deep, 0)), 100);
    json_decref(deep);
}

/* ---- through calls ---- */

/* Returns the argument, which the caller keeps. */
static void arrives_unchanged(json_t *value)
{
    procspawn_handle *handle;
    json_t *result = values_call(calls_echo, json_incref(value), &handle);

    CU_ASSERT_TRUE(json_equal(value, result));
    procspawn_handle_free(handle);
    json_decref(result);
}

static void bytes_of_any_number_arrive_unchanged(void)
{
    static const size_t sizes[] = { 0, 1, 15, 4095, 4096, 40000, 48 * 1024, 50000, 262144, 262145,
                                    MIB, 3 * MIB + 7 };

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        json_t *value = some_bytes(sizes[i], i);
        arrives_unchanged(value);
        json_decref(value);
    }
}

static void a_quarter_of_a_gibibyte_arrives_unchanged(void)
{
    json_t *value = some_bytes(256u * MIB, 3);
    procspawn_handle *handle = NULL;
    json_t *result = NULL;

    CU_ASSERT_EQUAL(procspawn(calls_echo, value, &handle), 0);
    CU_ASSERT_EQUAL(procspawn_join(handle, &result, NULL), 0);
    CU_ASSERT_TRUE(json_equal(value, result));
    procspawn_handle_free(handle);
    json_decref(result);
    json_decref(value);
}

static void strings_arrive_unchanged_around_the_length_from_which_they_are_attached(void)
{
    for (size_t length = ATTACHED - 3; length < ATTACHED + 4; length++) {
        json_t *value = json_pack("{s:o, s:o}", "ascii", text_of(length, "a"), "not",
                                  text_of(length, "\xe2\x82\xac\xf0\x9f\x98\x80" "a"));
        arrives_unchanged(value);
        json_decref(value);
    }
}

static void a_long_string_may_hold_nul_and_quotes(void)
{
    char text[2 * ATTACHED];

    memset(text, '"', sizeof text);
    text[0] = text[77] = text[sizeof text - 1] = '\0';
    json_t *value = json_stringn(text, sizeof text);
    arrives_unchanged(value);
    json_decref(value);
}

/* Nests bytes, strings, descriptors, and data that looks like them. */
static json_t *mixture(void)
{
    json_t *value = json_pack(
        "[{s:o, s:[o, o, o], s:s}, [[o], s, s, s], {s:s, s:s}, {s:s}]", "bytes", some_bytes(10, 1),
        "more", some_bytes(5000, 2), text_of(ATTACHED, "long"), some_bytes(0, 3), "short",
        "\001forkscope:bytes:0", some_bytes(300, 4), "\001forkscope:string:1",
        "\001\001forkscope", "\001forkscopes", "\001forkscope", "", "bytes", "a",
        "\001\001forkscope", "x");
    json_array_append_new(value, json_pack("{s:o}", "\001forkscope:bytes:0", text_of(9999, "b")));
    return value;
}

static void bytes_arrive_unchanged_beside_data_that_looks_like_them(void)
{
    json_t *value = mixture();

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    arrives_unchanged(value);
    json_decref(value);
}

static void strings_that_look_like_attachments_arrive_unchanged_without_any(void)
{
    json_t *value = json_pack("[s, s, {s:s}]", "\001forkscope:bytes:0", "\001\001forkscope:", "a",
                              "\001forkscope:string:0");

    arrives_unchanged(value);
    json_decref(value);
}

static void bytes_travel_beside_descriptors(void)
{
    procspawn_handle *handle;
    json_t *argument =
        json_pack("[o, o, o, o]", some_bytes(7, 1), procspawn_value_fd(STDOUT_FILENO),
                  text_of(5000, "t"), procspawn_value_fd(STDERR_FILENO));
    json_t *result = values_call(calls_echo, argument, &handle);
    int fd = -1;

    CU_ASSERT_EQUAL(procspawn_bytes_length(json_array_get(result, 0)), 7);
    CU_ASSERT_EQUAL(json_string_length(json_array_get(result, 2)), 5000);
    for (size_t i = 1; i < 4; i += 2) {
        CU_ASSERT_EQUAL(procspawn_value_claim_fd(json_array_get(result, i), &fd), 0);
        close(fd);
    }
    json_decref(result);
    procspawn_handle_free(handle);
}

static void many_small_ones_arrive_unchanged(void)
{
    json_t *value = json_array();

    for (unsigned i = 0; i < 20000; i++)
        json_array_append_new(value, some_bytes(i % 5, i));
    arrives_unchanged(value);
    json_decref(value);
}

static void one_value_may_stand_at_many_places(void)
{
    json_t *one = some_bytes(6000, 9), *value = json_array();

    for (unsigned i = 0; i < 50; i++)
        json_array_append(value, one);
    arrives_unchanged(value);
    json_decref(value);
    json_decref(one);
}

/* The levels of a value are those that the program sees: an attachment adds none. */
static void attachments_add_no_level(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    json_t *value = json_pack("[[o, o]]", text_of(ATTACHED, "a"), some_bytes(3, 1));
    procspawn_handle *handle = NULL;
    json_t *result = NULL;

    CU_ASSERT_EQUAL(procspawn_builder_result_depth(builder, 2), 0);
    CU_ASSERT_EQUAL(procspawn_builder_spawn(builder, calls_echo, value, &handle), 0);
    CU_ASSERT_EQUAL(procspawn_join(handle, &result, NULL), 0);
    CU_ASSERT_TRUE(json_equal(value, result));
    json_decref(result);
    json_decref(value);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
}

static void a_long_string_that_is_not_utf8_is_an_error_of_the_caller(void)
{
    static const char *const wrong[] = { "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                         "\xe2\x82", "\x80", "\xf0\x8f\xbf\xbf", "\xe0\x9f\xbf" };
    procspawn_handle *handle = NULL;

    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[ATTACHED + 8];
        size_t size = strlen(wrong[i]);
        memset(text, 'a', sizeof text);
        memcpy(text + sizeof text - size, wrong[i], size);
        CU_ASSERT_PTR_NULL(json_stringn(text, sizeof text));
        json_t *value = json_stringn_nocheck(text, sizeof text);
        CU_ASSERT_EQUAL(procspawn(calls_echo, value, &handle), PROCSPAWN_EJSON);
        json_decref(value);
    }
    CU_ASSERT_PTR_NULL(handle);
}

/* The bytes of its argument go on to a child of this child, and come back. */
static json_t *echo_further(json_t *argument)
{
    procspawn_handle *handle;
    json_t *result = NULL;

    if (procspawn(calls_echo, argument, &handle) < 0)
        return NULL;
    procspawn_join(handle, &result, NULL);
    procspawn_handle_free(handle);
    return result;
}

static void bytes_arrive_unchanged_through_nested_calls(void)
{
    json_t *value = json_pack("[o, o]", mixture(), some_bytes(100000, 5));
    procspawn_handle *handle;
    json_t *result = values_call(echo_further, json_incref(value), &handle);

    CU_ASSERT_TRUE(json_equal(value, result));
    procspawn_handle_free(handle);
    json_decref(result);
    json_decref(value);
}

/* A child has them from before the fork, under no call. */
static json_t *before_init;

static json_t *length_from_before(json_t *argument)
{
    (void)argument;
    return json_integer((json_int_t)procspawn_bytes_length(before_init));
}

static void a_child_can_read_bytes_that_were_made_before_it(void)
{
    procspawn_handle *handle;
    json_t *result = values_call(length_from_before, NULL, &handle);

    CU_ASSERT_EQUAL(json_integer_value(result), 9);
    procspawn_handle_free(handle);
    json_decref(result);
}

/* ---- through channels ---- */

static void sends_unchanged(json_t *value)
{
    json_t *received = NULL;

    CU_ASSERT_EQUAL(procspawn_sender_send(sender, value), 0);
    CU_ASSERT_EQUAL(procspawn_receiver_recv_timeout(receiver, CALLS_START_TIMEOUT, &received), 0);
    CU_ASSERT_TRUE(json_equal(value, received));
    json_decref(received);
    json_decref(value);
}

static void bytes_arrive_unchanged_through_a_channel(void)
{
    channel_open();
    sends_unchanged(mixture());
    sends_unchanged(some_bytes(20000, 1));
    sends_unchanged(some_bytes(3 * MIB, 2));
    sends_unchanged(text_of(MIB, "\xc3\xa4"));
    channel_close();
}

/* ---- limits ---- */

static json_t *as_many_bytes(json_t *size)
{
    return some_bytes((size_t)json_integer_value(size), 1);
}

static json_t *as_long_a_string(json_t *size)
{
    return text_of((size_t)json_integer_value(size), "a");
}

static json_t *as_many_values(json_t *count)
{
    json_t *value = json_array();

    for (json_int_t i = json_integer_value(count); i > 0; i--)
        json_array_append_new(value, procspawn_value_bytes(NULL, 0));
    return value;
}

static void exceeds(procspawn_function *function, json_int_t size, uint64_t limit)
{
    procspawn_builder *builder = procspawn_builder_new();
    json_t *argument = json_integer(size);
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    json_t *result = NULL;

    procspawn_builder_result_limit(builder, limit);
    CU_ASSERT_EQUAL(procspawn_builder_spawn(builder, function, argument, &handle), 0);
    CU_ASSERT_NOT_EQUAL(procspawn_join(handle, &result, &error), 0);
    CU_ASSERT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_JSON);
    CU_ASSERT_EQUAL(procspawn_error_errno(error), PROCSPAWN_ELIMIT);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    json_decref(argument);
}

static void attachments_count_for_the_limit_of_a_result(void)
{
    exceeds(as_many_bytes, 2 * MIB, 2 * MIB);
    exceeds(as_many_bytes, 40000, 40000);
    exceeds(as_long_a_string, 2 * MIB, 2 * MIB);
    exceeds(as_many_values, 20000, 3 * MIB);
}

/* ---- printing ---- */

static void prints(const json_t *value, int expected, const char *text)
{
    char *printed = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&printed, &length);

    CU_ASSERT_EQUAL(procspawn_value_print(value, stream), expected);
    fclose(stream);
    CU_ASSERT_STRING_EQUAL(printed, text);
    free(printed);
}

static void a_value_is_printed_with_what_it_stands_for(void)
{
    json_t *value = json_pack("{s:o, s:[o, i], s:s}", "png", some_bytes(1024, 1), "in",
                              procspawn_value_fd(STDOUT_FILENO), 7, "text",
                              "\x1b\xc2\x9b\n\xc3\xa4");

    prints(value, 0, "{\n  \"png\": \"<bytes: 1024>\",\n  \"in\": [\n    \"<descriptor>\",\n"
                     "    7\n  ],\n  \"text\": \"\\u001B\\u009b\\n\xc3\xa4\"\n}");
    prints(NULL, 0, "null");
    json_decref(value);
}

static void a_value_that_cannot_be_printed_prints_nothing(void)
{
    json_t *wrong = json_pack("[o]", json_stringn_nocheck("\xff", 1)), *deep = json_array();

    prints(wrong, PROCSPAWN_EJSON, "");
    for (int i = 0; i < 3000; i++)
        deep = json_pack("[o]", deep);
    prints(deep, PROCSPAWN_EJSON, "");
    json_decref(wrong);
    json_decref(deep);
}

static void a_stream_that_fails_is_told(void)
{
    FILE *full = fopen("/dev/full", "w");

    setvbuf(full, NULL, _IONBF, 0);
    CU_ASSERT_EQUAL(procspawn_value_print(json_true(), full), -EIO);
    fclose(full);
}

#define TEST(name) { #name, name }

static CU_TestInfo value_tests[] = {
    TEST(a_bytes_value_gives_its_bytes_back),
    TEST(empty_bytes_have_a_pointer),
    TEST(what_is_not_bytes_has_none),
    TEST(copies_of_bytes_are_bytes),
    TEST(a_value_is_printed_with_what_it_stands_for),
    TEST(a_value_that_cannot_be_printed_prints_nothing),
    TEST(a_stream_that_fails_is_told),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo call_tests[] = {
    TEST(bytes_of_any_number_arrive_unchanged),
    TEST(a_quarter_of_a_gibibyte_arrives_unchanged),
    TEST(strings_arrive_unchanged_around_the_length_from_which_they_are_attached),
    TEST(a_long_string_may_hold_nul_and_quotes),
    TEST(bytes_arrive_unchanged_beside_data_that_looks_like_them),
    TEST(strings_that_look_like_attachments_arrive_unchanged_without_any),
    TEST(bytes_travel_beside_descriptors),
    TEST(many_small_ones_arrive_unchanged),
    TEST(one_value_may_stand_at_many_places),
    TEST(attachments_add_no_level),
    TEST(bytes_arrive_unchanged_through_nested_calls),
    TEST(a_child_can_read_bytes_that_were_made_before_it),
    TEST(bytes_arrive_unchanged_through_a_channel),
    TEST(a_long_string_that_is_not_utf8_is_an_error_of_the_caller),
    TEST(attachments_count_for_the_limit_of_a_result),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "bytes", .pTests = value_tests },
    VALUES_SUITE("bytes_in_calls", call_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    before_init = procspawn_value_bytes("123456789", 9);
    return procspawn_cunit_run(suites, argc, argv);
}
