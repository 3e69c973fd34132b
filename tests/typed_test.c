/*
 * typed_test.c - functions with plain C parameters
 *
 * The first suite has the tests that procspawn 1.0.1 has in tests/test_macros.rs, by their names: what
 * its macro says with `=>` and `mut` is what parameters are in C.
 */
#include "tests/typed_tools.h"
#include "tests/values.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- as in procspawn ---- */

PROCSPAWN_DEFINE_STATIC(no_args, bool)
{
    return false;
}

PROCSPAWN_DEFINE_STATIC(single_arg, uint32, (uint32, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(changed_arg, uint32, (uint32, new_name))
{
    new_name += 1;
    return new_name;
}

PROCSPAWN_DEFINE_STATIC(two_args, uint32, (uint32, value1), (uint32, value2))
{
    return value1 + value2;
}

PROCSPAWN_DEFINE_STATIC(two_changed, uint32, (uint32, value1), (uint32, value2))
{
    value1 += 1;
    return value1 + value2;
}

PROCSPAWN_DEFINE_STATIC(three_args, uint32, (uint32, value1), (uint32, value2), (uint32, value3))
{
    return value1 + value2 + value3;
}

PROCSPAWN_DEFINE_STATIC(three_args_rv, json, (uint32, value1), (uint32, value2), (uint32, value3))
{
    return value3 == 0 ? NULL : json_integer((json_int_t)value1 + value2 + value3);
}

/* Joins and frees: the result, which must be one. */
#define JOIN(function, handle, ret_result) \
    do { \
        procspawn_error *error_ = NULL; \
        PROCSPAWN_CUNIT_EQUAL(function##_join(handle, ret_result, &error_), 0); \
        if (error_) \
            procspawn_error_print(error_, stderr); \
        procspawn_error_free(error_); \
        procspawn_handle_free(handle); \
    } while (0)

static procspawn_handle *handle;

static void test_macro_no_args(void)
{
    bool value = true;

    PROCSPAWN_CUNIT_EQUAL(no_args_spawn(&handle), 0);
    JOIN(no_args, handle, &value);
    CU_ASSERT_FALSE(value);
}

static void test_macro_single_arg(void)
{
    uint32_t value = 42, result = 0, *pointer = &value;

    PROCSPAWN_CUNIT_EQUAL(single_arg_spawn(value, &handle), 0);
    JOIN(single_arg, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42);
    PROCSPAWN_CUNIT_EQUAL(single_arg_spawn(*pointer, &handle), 0);
    JOIN(single_arg, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42);
    PROCSPAWN_CUNIT_EQUAL(changed_arg_spawn(value, &handle), 0);
    JOIN(changed_arg, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 43);
    PROCSPAWN_CUNIT_EQUAL(value, 42);
}

static void test_macro_two_args(void)
{
    uint32_t value1 = 42, value2 = 23, result = 0, *pointer = &value1;

    PROCSPAWN_CUNIT_EQUAL(two_args_spawn(value1, value2, &handle), 0);
    JOIN(two_args, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42 + 23);
    PROCSPAWN_CUNIT_EQUAL(two_args_spawn(*pointer, value2, &handle), 0);
    JOIN(two_args, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42 + 23);
    PROCSPAWN_CUNIT_EQUAL(two_changed_spawn(value1, value2, &handle), 0);
    JOIN(two_changed, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 43 + 23);
}

static void test_macro_three_args(void)
{
    uint32_t result = 0;

    PROCSPAWN_CUNIT_EQUAL(three_args_spawn(42, 23, 99, &handle), 0);
    JOIN(three_args, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 42 + 23 + 99);
}

/* A result that may be none. */
static void test_macro_three_args_rv(void)
{
    json_t *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(three_args_rv_spawn(42, 23, 99, &handle), 0);
    JOIN(three_args_rv, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result), 42 + 23 + 99);
    json_decref(result);
    PROCSPAWN_CUNIT_EQUAL(three_args_rv_spawn(42, 23, 0, &handle), 0);
    JOIN(three_args_rv, handle, &result);
    CU_ASSERT_PTR_NULL(result);
}

/* ---- every type, at its limits ---- */

PROCSPAWN_DEFINE_STATIC(signed_sum, int64, (int8, a), (int16, b), (int32, c), (int, d), (long, e),
                        (int64, f))
{
    return (a == INT8_MIN) + (b == INT16_MIN) + (c == INT32_MIN) + (d == INT_MIN) + (e == LONG_MIN) +
           (f == INT64_MIN) + 10 * ((a == INT8_MAX) + (b == INT16_MAX) + (c == INT32_MAX) +
                                    (d == INT_MAX) + (e == LONG_MAX) + (f == INT64_MAX));
}

PROCSPAWN_DEFINE_STATIC(unsigned_sum, int, (uint8, a), (uint16, b), (uint32, c), (unsigned, d),
                        (uint64, e))
{
    return (a == 0) + (b == 0) + (c == 0) + (d == 0) + (e == 0) +
           10 * ((a == UINT8_MAX) + (b == UINT16_MAX) + (c == UINT32_MAX) + (d == UINT_MAX) +
                 (e == UINT64_MAX));
}

PROCSPAWN_DEFINE_STATIC(echo_uint64, uint64, (uint64, value))
{
    return value;
}

PROCSPAWN_DEFINE_STATIC(echo_double, double, (double, value))
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

PROCSPAWN_DEFINE_STATIC(take_eight, string, (int, a), (string, b), (double, c), (bool, d), (json, e),
                        (uint64, f), (string, g), (int8, h))
{
    char *text = NULL;

    if (asprintf(&text, "%d %s %g %d %d %llu %s %d", a, b, c, d, (int)json_array_size(e),
                 (unsigned long long)f, g, h) < 0)
        return NULL;
    return text;
}

static void integers_travel_at_their_limits(void)
{
    int64_t result = 0;
    int few = 0;

    PROCSPAWN_CUNIT_EQUAL(signed_sum_spawn(INT8_MIN, INT16_MIN, INT32_MIN, INT_MIN, LONG_MIN, INT64_MIN,
                                           &handle), 0);
    JOIN(signed_sum, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 6);
    PROCSPAWN_CUNIT_EQUAL(signed_sum_spawn(INT8_MAX, INT16_MAX, INT32_MAX, INT_MAX, LONG_MAX, INT64_MAX,
                                           &handle), 0);
    JOIN(signed_sum, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(result, 60);
    PROCSPAWN_CUNIT_EQUAL(unsigned_sum_spawn(0, 0, 0, 0, 0, &handle), 0);
    JOIN(unsigned_sum, handle, &few);
    PROCSPAWN_CUNIT_EQUAL(few, 5);
    PROCSPAWN_CUNIT_EQUAL(unsigned_sum_spawn(UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT_MAX, UINT64_MAX,
                                             &handle), 0);
    JOIN(unsigned_sum, handle, &few);
    PROCSPAWN_CUNIT_EQUAL(few, 50);
}

static void integers_out_of_range_are_errors_in_the_caller(void)
{
    PROCSPAWN_CUNIT_EQUAL(signed_sum_spawn(INT8_MAX + 1, 0, 0, 0, 0, 0, &handle), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(signed_sum_spawn(0, INT16_MIN - 1, 0, 0, 0, 0, &handle), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(signed_sum_spawn(0, 0, INT32_MAX + 1LL, 0, 0, 0, &handle), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(signed_sum_spawn(0, 0, 0, INT_MIN - 1LL, 0, 0, &handle), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(unsigned_sum_spawn(-1, 0, 0, 0, 0, &handle), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(unsigned_sum_spawn(0, 65536, 0, 0, 0, &handle), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(unsigned_sum_spawn(0, 0, -1, 0, 0, &handle), PROCSPAWN_EVALUE);
    PROCSPAWN_CUNIT_EQUAL(unsigned_sum_spawn(0, 0, 0, 1LL << 32, 0, &handle), PROCSPAWN_EVALUE);
}

static void uint64_travels_whole(void)
{
    static const uint64_t values[] = { 0, INT64_MAX, INT64_MAX + 1ULL, UINT64_MAX - 1, UINT64_MAX };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint64_t result = 1;
        PROCSPAWN_CUNIT_EQUAL(echo_uint64_spawn(values[i], &handle), 0);
        JOIN(echo_uint64, handle, &result);
        CU_ASSERT(result == values[i]);
    }
}

static void doubles_travel_exactly_and_must_be_finite(void)
{
    static const double values[] = { 0.0, -0.0, 1.0, 0.1, DBL_MAX, -DBL_MIN, DBL_TRUE_MIN, 1e300 };

    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        double result = 7;
        PROCSPAWN_CUNIT_EQUAL(echo_double_spawn(values[i], &handle), 0);
        JOIN(echo_double, handle, &result);
        CU_ASSERT(memcmp(&result, &values[i], sizeof result) == 0);
    }
    PROCSPAWN_CUNIT_EQUAL(echo_double_spawn((double)NAN, &handle), PROCSPAWN_EJSON);
    PROCSPAWN_CUNIT_EQUAL(echo_double_spawn((double)INFINITY, &handle), PROCSPAWN_EJSON);
}

static void booleans_travel(void)
{
    bool result = false;

    PROCSPAWN_CUNIT_EQUAL(echo_bool_spawn(true, &handle), 0);
    JOIN(echo_bool, handle, &result);
    CU_ASSERT_TRUE(result);
}

static void strings_travel_and_may_be_none(void)
{
    static const char *const texts[] = { "", "some words", "\"\\\n\t\x01 \xc3\xa4\xe2\x82\xac", NULL };

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *result = NULL;
        PROCSPAWN_CUNIT_EQUAL(echo_string_spawn(texts[i], &handle), 0);
        JOIN(echo_string, handle, &result);
        CU_ASSERT(texts[i] ? result && strcmp(result, texts[i]) == 0 : !result);
        free(result);
    }
    PROCSPAWN_CUNIT_EQUAL(echo_string_spawn("\xff not UTF-8", &handle), PROCSPAWN_EJSON);
}

static void json_travels_and_may_be_none(void)
{
    json_t *value = json_pack("{s:[i, n, {}]}", "key", 1), *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(echo_json_spawn(value, &handle), 0);
    JOIN(echo_json, handle, &result);
    CU_ASSERT(json_equal(value, result));
    json_decref(result);
    PROCSPAWN_CUNIT_EQUAL(echo_json_spawn(NULL, &handle), 0);
    JOIN(echo_json, handle, &result);
    CU_ASSERT_PTR_NULL(result);
    json_decref(value);
}

static void eight_parameters_keep_their_places(void)
{
    json_t *array = json_pack("[i, i]", 1, 2);
    char *result = NULL;

    PROCSPAWN_CUNIT_EQUAL(take_eight_spawn(1, "two", 3.5, true, array, UINT64_MAX, "seven", -8, &handle), 0);
    JOIN(take_eight, handle, &result);
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

/* ---- things ---- */

PROCSPAWN_DEFINE_STATIC(first_byte, int, (shmem, buffer))
{
    return *(const char *)procspawn_shmem_data(buffer);
}

PROCSPAWN_DEFINE_STATIC(same_buffer, shmem, (shmem, buffer))
{
    return buffer ? procspawn_shmem_ref(buffer) : NULL;
}

PROCSPAWN_DEFINE_STATIC(same_fd, fd, (fd, file))
{
    return file < 0 ? -1 : dup(file);
}

PROCSPAWN_DEFINE_STATIC(forward, int, (receiver, from), (sender, to))
{
    json_t *value;
    int count = 0;

    while (procspawn_receiver_recv(from, &value) == 0) {
        procspawn_sender_send(to, value);
        json_decref(value);
        count++;
    }
    return count;
}

PROCSPAWN_DEFINE_STATIC(new_channel, receiver, (string, text))
{
    procspawn_sender *to;
    procspawn_receiver *from;
    json_t *value = json_string(text);

    if (procspawn_channel_new(&to, &from) < 0)
        return NULL;
    procspawn_sender_send(to, value);
    procspawn_sender_free(to);
    return from;
}

static void buffers_travel_both_ways(void)
{
    procspawn_shmem *shmem, *back = NULL;
    int byte = 0;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new("bytes", 5, &shmem), 0);
    PROCSPAWN_CUNIT_EQUAL(first_byte_spawn(shmem, &handle), 0);
    JOIN(first_byte, handle, &byte);
    PROCSPAWN_CUNIT_EQUAL(byte, 'b');
    PROCSPAWN_CUNIT_EQUAL(same_buffer_spawn(shmem, &handle), 0);
    JOIN(same_buffer, handle, &back);
    CU_ASSERT(back && memcmp(procspawn_shmem_data(back), "bytes", 5) == 0);
    procspawn_shmem_unref(back);
    PROCSPAWN_CUNIT_EQUAL(same_buffer_spawn(NULL, &handle), 0);
    JOIN(same_buffer, handle, &back);
    CU_ASSERT_PTR_NULL(back);
    procspawn_shmem_unref(shmem);
}

static void descriptors_travel_both_ways(void)
{
    int fd = values_pipe("typed"), back = -1;

    PROCSPAWN_CUNIT_EQUAL(same_fd_spawn(fd, &handle), 0);
    JOIN(same_fd, handle, &back);
    CU_ASSERT(values_reads(back, "typed"));
    close(back);
    PROCSPAWN_CUNIT_EQUAL(same_fd_spawn(-1, &handle), 0);
    JOIN(same_fd, handle, &back);
    PROCSPAWN_CUNIT_EQUAL(back, -1);
    close(fd);
}

static void channels_travel_both_ways(void)
{
    procspawn_sender *to, *through;
    procspawn_receiver *from, *back = NULL;
    json_t *value = NULL;
    int count = 0;

    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&through, &from), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&to, &back), 0);
    PROCSPAWN_CUNIT_EQUAL(forward_spawn(from, to, &handle), 0);
    procspawn_receiver_free(from);
    procspawn_sender_free(to);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(through, NULL), 0);
    procspawn_sender_free(through);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(back, &value), 0);
    CU_ASSERT(json_is_null(value));
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(back, &value), -EPIPE);
    procspawn_receiver_free(back);
    JOIN(forward, handle, &count);
    PROCSPAWN_CUNIT_EQUAL(count, 1);

    PROCSPAWN_CUNIT_EQUAL(new_channel_spawn("from below", &handle), 0);
    JOIN(new_channel, handle, &back);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(back, &value), 0);
    calls_check_text(value, "from below");
    procspawn_receiver_free(back);
}

static void things_nobody_wants_are_closed(void)
{
    procspawn_shmem *shmem;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new("bytes", 5, &shmem), 0);
    unsigned before = calls_descriptors();
    PROCSPAWN_CUNIT_EQUAL(same_buffer_spawn(shmem, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(same_buffer_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(same_fd_spawn(STDOUT_FILENO, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(same_fd_join(handle, NULL, NULL), 0);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(calls_descriptors(), before);
    procspawn_shmem_unref(shmem);
}

/* ---- types of the user's ---- */

PROCSPAWN_DEFINE_STATIC(reverse, numbers, (numbers, given))
{
    struct numbers result = numbers_up_to((int)given.count);

    for (size_t i = 0; i < given.count; i++)
        result.number[i] = given.number[given.count - 1 - i];
    return result;
}

static void types_of_ones_own_are_packed_in_ipc_mode(void)
{
    struct point result = { .x = 0 };

    CU_ASSERT_FALSE(procspawn_in_ipc_mode());
    PROCSPAWN_CUNIT_EQUAL(mirror_spawn((struct point){ .x = 1.5, .y = 2.5 }, true, &handle), 0);
    JOIN(mirror, handle, &result);
    CU_ASSERT(result.x == -1.5 && result.y == 2.5);
    CU_ASSERT_TRUE(result.packed_for_a_call);
    CU_ASSERT_TRUE(result.unpacked_for_a_call);
    CU_ASSERT_FALSE(procspawn_in_ipc_mode());

    json_t *json = pack_point(&(struct point){ .x = 1 });
    PROCSPAWN_CUNIT_EQUAL(unpack_point(json, &result), 0);
    CU_ASSERT_FALSE(result.packed_for_a_call);
    CU_ASSERT_FALSE(result.unpacked_for_a_call);
    json_decref(json);
}

static void types_that_hold_something_are_released(void)
{
    struct numbers numbers = numbers_up_to(3), result;

    PROCSPAWN_CUNIT_EQUAL(reverse_spawn(numbers, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 1);
    JOIN(reverse, handle, &result);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 2);
    PROCSPAWN_CUNIT_EQUAL(result.number[0], 3);
    release_numbers(&result);
    PROCSPAWN_CUNIT_EQUAL(reverse_spawn(numbers, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(reverse_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(numbers_alive, 1);
    procspawn_handle_free(handle);
    release_numbers(&numbers);
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

/* The failure of a call, from join, whatever it was that made it. */
static void check_failure(int rc, procspawn_error *error, enum procspawn_error_kind kind,
                          const char *message)
{
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(error), kind);
    CU_ASSERT_STRING_EQUAL(procspawn_error_message(error), message);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

#define NOT_IT "the value is not what it should be, or stands for nothing any more"

static void results_of_another_type_are_errors(void)
{
    procspawn_error *error = NULL;
    int64_t number;
    procspawn_shmem *shmem;

    handle = calls_start(wrong_result, NULL);
    int rc = signed_sum_join(handle, &number, &error);
    check_failure(rc, error, PROCSPAWN_ERROR_JSON, "the result of signed_sum: " NOT_IT);
    handle = calls_start(wrong_result, NULL);
    rc = same_buffer_join(handle, &shmem, &error);
    check_failure(rc, error, PROCSPAWN_ERROR_JSON, "the result of same_buffer: " NOT_IT);
    handle = calls_start(wrong_result, NULL);
    PROCSPAWN_CUNIT_EQUAL(echo_double_join(handle, NULL, NULL), PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
}

static void results_that_cannot_be_packed_are_errors(void)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(bad_number_spawn(&handle), 0);
    int rc = bad_number_join(handle, NULL, &error);
    check_failure(rc, error, PROCSPAWN_ERROR_JSON,
                  "the result of bad_number: the value cannot be encoded as JSON");
    PROCSPAWN_CUNIT_EQUAL(bad_text_spawn(0, &handle), 0);
    rc = bad_text_join(handle, NULL, &error);
    check_failure(rc, error, PROCSPAWN_ERROR_JSON,
                  "the result of bad_text: the value cannot be encoded as JSON");
}

/* Calls the typed function's other half with an argument that its spawn would not have made. */
static void check_parameters(procspawn_function *entry, const char *argument, const char *message)
{
    procspawn_error *error = NULL;

    handle = calls_start(entry, json_loads(argument, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
    int rc = procspawn_join(handle, NULL, &error);
    check_failure(rc, error, PROCSPAWN_ERROR_JSON, message);
}

static void parameters_that_do_not_fit_are_errors(void)
{
    check_parameters(two_args_entry, "[1]", "the parameters of two_args: " NOT_IT);
    check_parameters(two_args_entry, "[1,2,3]", "the parameters of two_args: " NOT_IT);
    check_parameters(two_args_entry, "{}", "the parameters of two_args: " NOT_IT);
    check_parameters(two_args_entry, "[1,-1]", "parameter 2 of two_args: " NOT_IT);
    check_parameters(two_args_entry, "[4294967296,1]", "parameter 1 of two_args: " NOT_IT);
    check_parameters(two_args_entry, "[1.0,1]", "parameter 1 of two_args: " NOT_IT);
    check_parameters(two_args_entry, "[null,1]", "parameter 1 of two_args: " NOT_IT);
    check_parameters(echo_uint64_entry, "[\"7\"]", "parameter 1 of echo_uint64: " NOT_IT);
    check_parameters(echo_uint64_entry, "[\"18446744073709551616\"]",
                     "parameter 1 of echo_uint64: " NOT_IT);
    check_parameters(echo_uint64_entry, "[\"9999999999999999999x\"]",
                     "parameter 1 of echo_uint64: " NOT_IT);
    check_parameters(echo_uint64_entry, "[-1]", "parameter 1 of echo_uint64: " NOT_IT);
    check_parameters(echo_bool_entry, "[1]", "parameter 1 of echo_bool: " NOT_IT);
    check_parameters(echo_double_entry, "[1]", "parameter 1 of echo_double: " NOT_IT);
    check_parameters(echo_string_entry, "[\"a\\u0000b\"]", "parameter 1 of echo_string: " NOT_IT);
    check_parameters(same_fd_entry, "[3]", "parameter 1 of same_fd: " NOT_IT);
    check_parameters(same_buffer_entry, "[{\"\\u0001forkscope\":\"shmem:0\"}]",
                     "parameter 1 of same_buffer: " NOT_IT);
    check_parameters(reverse_entry, "[7]", "parameter 1 of reverse: " NOT_IT);
}

static void failures_are_the_calls_own(void)
{
    procspawn_error *error = NULL;
    int value = 7;

    PROCSPAWN_CUNIT_EQUAL(panics_spawn(13, &handle), 0);
    int rc = panics_join(handle, &value, &error);
    check_failure(rc, error, PROCSPAWN_ERROR_PANIC, "value 13");
    PROCSPAWN_CUNIT_EQUAL(value, 7);
}

static void a_builder_and_a_patience_can_be_given(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_receiver *from;
    procspawn_sender *through, *to;

    PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&through, &from), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_dup(through, &to), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_name(builder, "forward"), 0);
    PROCSPAWN_CUNIT_EQUAL(forward_builder_spawn(builder, from, to, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(forward_join_timeout(handle, 10 * CALLS_MS, NULL, NULL), -ETIMEDOUT);
    procspawn_kill(handle);
    PROCSPAWN_CUNIT_EQUAL(forward_join_timeout(handle, -1, NULL, NULL), PROCSPAWN_ECALL);
    procspawn_handle_free(handle);
    procspawn_builder_free(builder);
    procspawn_receiver_free(from);
    procspawn_sender_free(through);
    procspawn_sender_free(to);
}

static void the_function_can_be_called_here_too(void)
{
    PROCSPAWN_CUNIT_EQUAL(two_args(1, 2), 3);
    CU_ASSERT(mirror((struct point){ .x = 1, .y = 2 }, false).y == -2.0);
}

#define TEST(name) { #name, name }

static CU_TestInfo procspawn_macros[] = {
    TEST(test_macro_no_args),
    TEST(test_macro_single_arg),
    TEST(test_macro_two_args),
    TEST(test_macro_three_args),
    TEST(test_macro_three_args_rv),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo types[] = {
    TEST(integers_travel_at_their_limits),
    TEST(integers_out_of_range_are_errors_in_the_caller),
    TEST(uint64_travels_whole),
    TEST(doubles_travel_exactly_and_must_be_finite),
    TEST(booleans_travel),
    TEST(strings_travel_and_may_be_none),
    TEST(json_travels_and_may_be_none),
    TEST(eight_parameters_keep_their_places),
    TEST(a_function_without_a_result_is_only_waited_for),
    TEST(nobody_needs_to_want_the_result),
    TEST(buffers_travel_both_ways),
    TEST(descriptors_travel_both_ways),
    TEST(channels_travel_both_ways),
    TEST(things_nobody_wants_are_closed),
    TEST(types_of_ones_own_are_packed_in_ipc_mode),
    TEST(types_that_hold_something_are_released),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo failures[] = {
    TEST(results_of_another_type_are_errors),
    TEST(results_that_cannot_be_packed_are_errors),
    TEST(parameters_that_do_not_fit_are_errors),
    TEST(failures_are_the_calls_own),
    TEST(a_builder_and_a_patience_can_be_given),
    TEST(the_function_can_be_called_here_too),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "procspawn_macros", .pTests = procspawn_macros },
    { .pName = "types", .pTests = types },
    { .pName = "failures", .pTests = failures },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    procspawn_cunit_setup(values_begin);
    procspawn_cunit_teardown(values_end);
    return procspawn_cunit_run(suites, argc, argv);
}
