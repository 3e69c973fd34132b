/*
 * placeholder_test.c - descriptors in JSON values: sent and returned, taken and dropped
 */
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/shmem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- functions for the children ---- */

static json_t *read_it(json_t *argument)
{
    char bytes[64] = "";
    int fd;
    int rc = procspawn_value_claim_fd(argument, &fd);

    if (rc < 0)
        procspawn_panic("take: %s", forkscope_strerror(rc));
    if (read(fd, bytes, sizeof bytes - 1) < 0)
        procspawn_panic("read");
    close(fd);
    return json_string(bytes);
}

static json_t *open_one(json_t *argument)
{
    (void)argument;
    return json_pack("{s:[o]}", "opened", procspawn_value_fd_take(values_pipe("from below")));
}

/* ---- tests ---- */

static void a_descriptor_reaches_the_function_and_stays_the_callers(void)
{
    int fd = values_pipe("hello");
    procspawn_handle *handle;
    json_t *result = values_call(read_it, procspawn_value_fd(fd), &handle);

    CU_ASSERT_STRING_EQUAL(json_string_value(result), "hello");
    CU_ASSERT_TRUE(fcntl(fd, F_GETFD) >= 0);
    close(fd);
    json_decref(result);
    procspawn_handle_free(handle);
}

static void a_descriptor_comes_back_with_the_result(void)
{
    procspawn_handle *handle;
    json_t *result = values_call(open_one, NULL, &handle);
    json_t *value = json_array_get(json_object_get(result, "opened"), 0);
    int fd = -1;

    CU_ASSERT_EQUAL(procspawn_value_kind(value), PROCSPAWN_VALUE_FD);
    CU_ASSERT_EQUAL_FATAL(procspawn_value_claim_fd(value, &fd), 0);
    CU_ASSERT_TRUE(values_reads(fd, "from below"));
    CU_ASSERT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    json_decref(result);
    procspawn_handle_free(handle);
}

static void what_was_taken_cannot_be_taken_again(void)
{
    procspawn_handle *handle;
    json_t *result = values_call(open_one, NULL, &handle);
    json_t *value = json_array_get(json_object_get(result, "opened"), 0);
    json_t *copy = json_deep_copy(value);
    int fd = -1, other = -7;

    CU_ASSERT_EQUAL(procspawn_value_claim_fd(value, &fd), 0);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(value, &other), PROCSPAWN_EVALUE);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(copy, &other), PROCSPAWN_EVALUE);
    CU_ASSERT_EQUAL(other, -7);
    procspawn_handle_free(handle);
    CU_ASSERT_TRUE(values_reads(fd, "from below"));
    close(fd);
    json_decref(copy);
    json_decref(result);
}

static void untaken_descriptors_are_closed_with_the_handle(void)
{
    unsigned before = calls_descriptors();
    procspawn_handle *handle;
    json_t *result = values_call(open_one, NULL, &handle);
    json_t *value = json_array_get(json_object_get(result, "opened"), 0);
    int fd;

    procspawn_handle_free(handle);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(value, &fd), PROCSPAWN_EVALUE);
    calls_check_descriptors(before);
    json_decref(result);
}

static void dropping_a_value_closes_what_is_inside(void)
{
    procspawn_handle *handle;
    json_t *result = values_call(open_one, NULL, &handle);
    unsigned before = calls_descriptors();

    procspawn_value_drop(result);
    calls_check_descriptors(before - 1);
    procspawn_value_drop(result);
    procspawn_value_drop(NULL);
    json_decref(result);
    procspawn_handle_free(handle);
}

static json_t *nest(json_t *innermost, int depth)
{
    for (int i = 0; i < depth; i++)
        innermost = i % 2 ? json_pack("{s:i, s:o}", "n", i, "in", innermost)
                          : json_pack("[i, o]", i, innermost);
    return innermost;
}

static json_t *innermost(json_t *value)
{
    while (procspawn_value_kind(value) == PROCSPAWN_VALUE_PLAIN && value)
        value = json_is_array(value) ? json_array_get(value, 1) : json_object_get(value, "in");
    return value;
}

static void placeholders_travel_at_any_depth_and_untouched(void)
{
    static const int depths[] = { 1, 2, 100, 2046 };

    for (unsigned i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        int fd = values_pipe("deep"), back = -1;
        procspawn_handle *handle;
        json_t *result = values_call(calls_echo, nest(procspawn_value_fd(fd), depths[i]), &handle);
        PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(innermost(result), &back), 0);
        CU_ASSERT_TRUE(values_reads(back, "deep"));
        close(back);
        close(fd);
        json_decref(result);
        procspawn_handle_free(handle);
    }
}

static void a_placeholder_too_deep_is_an_error_in_the_caller(void)
{
    json_t *argument = nest(procspawn_value_fd(STDOUT_FILENO), 2047);
    procspawn_handle *handle;

    CU_ASSERT_EQUAL(procspawn(calls_echo, argument, &handle), PROCSPAWN_EJSON);
    json_decref(argument);
}

static void many_descriptors_keep_their_places(void)
{
    enum { MANY = PROCSPAWN_DESCRIPTORS_MAX };
    json_t *argument = json_array();
    procspawn_handle *handle;
    char text[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "number %d", i);
        json_array_append_new(argument, procspawn_value_fd_take(values_pipe(text)));
    }
    json_t *result = values_call(calls_echo, argument, &handle);
    for (int i = 0; i < MANY; i++) {
        int fd = -1;
        snprintf(text, sizeof text, "number %d", i);
        CU_ASSERT_EQUAL(procspawn_value_claim_fd(json_array_get(result, i), &fd), 0);
        CU_ASSERT_TRUE(values_reads(fd, text));
        close(fd);
    }
    json_decref(result);
    procspawn_handle_free(handle);
}

static void too_many_descriptors_are_an_error_in_the_caller(void)
{
    json_t *argument = json_array();
    procspawn_handle *handle = NULL;

    for (int i = 0; i <= PROCSPAWN_DESCRIPTORS_MAX; i++)
        json_array_append_new(argument, procspawn_value_fd(STDOUT_FILENO));
    CU_ASSERT_EQUAL(procspawn(calls_echo, argument, &handle), PROCSPAWN_EDESCRIPTORS);
    CU_ASSERT_PTR_NULL(handle);
    json_decref(argument);
}

static json_t *return_too_many(json_t *argument)
{
    (void)argument;
    json_t *result = json_array();
    for (int i = 0; i <= PROCSPAWN_DESCRIPTORS_MAX; i++)
        json_array_append_new(result, procspawn_value_fd(STDOUT_FILENO));
    return result;
}

static json_t *return_closed(json_t *argument)
{
    (void)argument;
    return procspawn_value_fd(987);
}

static void results_with_impossible_descriptors_are_errors(void)
{
    procspawn_error *error = calls_error(calls_start(return_too_many, NULL));
    CU_ASSERT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_JSON);
    procspawn_error_free(error);

    error = calls_error(calls_start(return_closed, NULL));
    CU_ASSERT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_IO);
    CU_ASSERT_EQUAL(procspawn_error_errno(error), EBADF);
    procspawn_error_free(error);
}

static void a_closed_descriptor_is_an_error_in_the_caller(void)
{
    json_t *argument = json_pack("[o]", procspawn_value_fd(-1));
    procspawn_handle *handle;

    CU_ASSERT_EQUAL(procspawn(calls_echo, argument, &handle), -EBADF);
    json_decref(argument);
}

static void large_values_carry_descriptors_too(void)
{
    enum { SIZE = 3 << 20 };
    char *text = malloc(SIZE + 1);
    int fd = values_pipe("beside"), back = -1;
    procspawn_handle *handle;

    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    json_t *argument = json_pack("[s, o]", text, procspawn_value_fd(fd));
    json_t *result = values_call(calls_echo, argument, &handle);
    CU_ASSERT_EQUAL(json_string_length(json_array_get(result, 0)), SIZE);
    CU_ASSERT_EQUAL(procspawn_value_claim_fd(json_array_get(result, 1), &back), 0);
    CU_ASSERT_TRUE(values_reads(back, "beside"));
    close(back);
    close(fd);
    free(text);
    json_decref(result);
    procspawn_handle_free(handle);
}

/* ---- data that looks like ours ---- */

static void what_was_given_is_closed_once_it_was_sent(void)
{
    unsigned before = calls_descriptors();
    json_t *argument = procspawn_value_fd_take(values_pipe("given"));
    procspawn_handle *handle, *again;

    json_t *result = values_call(read_it, json_incref(argument), &handle);
    CU_ASSERT_STRING_EQUAL(json_string_value(result), "given");
    CU_ASSERT_EQUAL(procspawn(read_it, argument, &again), PROCSPAWN_EVALUE);
    procspawn_handle_free(handle);
    calls_check_descriptors(before);
    json_decref(argument);
    json_decref(result);
}

static void what_was_given_and_never_sent_can_be_dropped(void)
{
    unsigned before = calls_descriptors();
    json_t *value = json_pack("[[o]]", procspawn_value_fd_take(values_pipe("given")));

    procspawn_value_drop(value);
    calls_check_descriptors(before);
    json_decref(value);
}

/* ---- hostile bytes, straight into the decoder ---- */

/* ---- a buffer under whose number another one is: sealed as it is, but another file ---- */

static procspawn_shmem *make_buffer(const char *text)
{
    procspawn_shmem *shmem = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new(text, strlen(text), &shmem), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(shmem);
    return shmem;
}

/* The number of another descriptor of the same memory. */
static int find_other(const procspawn_shmem *shmem)
{
    enum { MOST = 256 };
    struct stat one, other;

    fstat(procspawn_shmem_fd(shmem), &one);
    for (int fd = STDERR_FILENO + 1; fd < MOST; fd++) {
        if (fd != procspawn_shmem_fd(shmem) && fstat(fd, &other) == 0 &&
            other.st_ino == one.st_ino && other.st_dev == one.st_dev)
            return fd;
    }
    return -1;
}

static void replace(int fd, const procspawn_shmem *by)
{
    CU_ASSERT_FATAL(fd > STDERR_FILENO && dup3(procspawn_shmem_fd(by), fd, O_CLOEXEC) == fd);
}

/* It is the program's, and still open. */
static void check_replaced(int fd, procspawn_shmem *by)
{
    CU_ASSERT_EQUAL(find_other(by), fd);
    close(fd);
    procspawn_shmem_unref(by);
}

static void another_buffer_under_the_number_of_one_is_not_sent(void)
{
    unsigned before = calls_descriptors();
    procspawn_shmem *shmem = make_buffer("one"), *other = make_buffer("another");
    json_t *value = procspawn_value_shmem(shmem);
    procspawn_handle *handle;
    int fd = procspawn_shmem_fd(shmem);

    replace(fd, other);
    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, value, &handle), PROCSPAWN_EVALUE);
    procspawn_shmem_unref(shmem);
    check_replaced(fd, other);
    json_decref(value);
    calls_check_descriptors(before);
}

static int claim(const json_t *value)
{
    procspawn_shmem *shmem;
    return procspawn_value_claim_shmem(value, &shmem);
}

static int send_on(const json_t *value)
{
    procspawn_handle *handle;
    return procspawn(calls_echo, (json_t *)(uintptr_t)value, &handle);
}

static void check_refused(int (*use)(const json_t *value))
{
    procspawn_shmem *shmem = make_buffer("one"), *other = make_buffer("another");
    procspawn_handle *handle;
    json_t *result = values_call(calls_echo, procspawn_value_shmem(shmem), &handle);
    int fd = find_other(shmem);

    replace(fd, other);
    PROCSPAWN_CUNIT_EQUAL(use(result), PROCSPAWN_EVALUE);
    json_decref(result);
    procspawn_handle_free(handle);
    check_replaced(fd, other);
    procspawn_shmem_unref(shmem);
}

static void a_received_buffer_that_was_replaced_is_neither_claimed_nor_sent_on(void)
{
    unsigned before = calls_descriptors();

    check_refused(claim);
    check_refused(send_on);
    calls_check_descriptors(before);
}

static void a_thousand_rounds_leave_no_descriptor(void)
{
    enum { ROUNDS = 1000 };
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    unsigned before = calls_descriptors();

    for (int i = 0; i < ROUNDS; i++) {
        procspawn_handle *handle;
        json_t *argument = json_pack("[o, {s:o}]", procspawn_value_fd(fd), "second",
                                     procspawn_value_fd(fd));
        json_t *result = values_call(calls_echo, argument, &handle);
        int back = -1;
        if (i % 2 == 0)
            CU_ASSERT_EQUAL(procspawn_value_claim_fd(json_array_get(result, 0), &back), 0);
        if (back >= 0)
            close(back);
        json_decref(result);
        procspawn_handle_free(handle);
    }
    calls_check_descriptors(before);
    close(fd);
}

#define TEST(name) { #name, name }

static CU_TestInfo travelling[] = {
    TEST(a_descriptor_reaches_the_function_and_stays_the_callers),
    TEST(a_descriptor_comes_back_with_the_result),
    TEST(what_was_taken_cannot_be_taken_again),
    TEST(untaken_descriptors_are_closed_with_the_handle),
    TEST(dropping_a_value_closes_what_is_inside),
    TEST(placeholders_travel_at_any_depth_and_untouched),
    TEST(a_placeholder_too_deep_is_an_error_in_the_caller),
    TEST(many_descriptors_keep_their_places),
    TEST(too_many_descriptors_are_an_error_in_the_caller),
    TEST(results_with_impossible_descriptors_are_errors),
    TEST(a_closed_descriptor_is_an_error_in_the_caller),
    TEST(large_values_carry_descriptors_too),
    TEST(what_was_given_is_closed_once_it_was_sent),
    TEST(what_was_given_and_never_sent_can_be_dropped),
    TEST(another_buffer_under_the_number_of_one_is_not_sent),
    TEST(a_received_buffer_that_was_replaced_is_neither_claimed_nor_sent_on),
    TEST(a_thousand_rounds_leave_no_descriptor),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("travelling", travelling),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
