/*
 * memory_test.c - values that are received while memory is short: each allocation is refused in
 * turn, alone or with all after it. A later attempt gives the value as it was sent
 */
#include "tests/support/channel_helpers.h"
#include "tests/support/fault_injection.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- values ---- */

static json_t *text_of(size_t length)
{
    char *text = malloc(length);

    memset(text, 'x', length);
    json_t *value = json_stringn_nocheck(text, length);
    free(text);
    return value;
}

static json_t *long_text(json_t *argument)
{
    (void)argument;
    return text_of(100000);
}

/* As much as jansson decodes: longer strings are attached. */
static json_t *long_token(json_t *argument)
{
    (void)argument;
    return text_of(4095);
}

/* Long enough to be decoded by a thread, in part by jansson. */
static json_t *longer_text(json_t *argument)
{
    (void)argument;
    json_t *value = json_pack("[o]", text_of(400000));
    for (int i = 0; i < 20; i++)
        json_array_append_new(value, text_of(4000));
    return value;
}

static json_t *bytes_and_texts(json_t *argument)
{
    char bytes[5000];

    (void)argument;
    memset(bytes, '\xff', sizeof bytes);
    return json_pack("[o,{s:o},s,[o,o]]", procspawn_value_bytes(bytes, 10), "b",
                     procspawn_value_bytes(bytes, sizeof bytes), "\001forkscope", text_of(5000),
                     text_of(50000));
}

/* Tokens that fill the parser's buffer to its last byte, and those around them. */
static json_t *many_texts(json_t *argument)
{
    json_t *value = json_array();
    char key[80];

    (void)argument;
    for (size_t length = 12; length < 68; length += length == 17 ? 12 : length == 33 ? 28 : 1) {
        json_array_append_new(value, text_of(length));
        snprintf(key, sizeof key, "%0*d", (int)length, 0);
        json_array_append_new(value, json_pack("{s:s}", key, "\"\\\n"));
    }
    return value;
}

static json_t *numbers(json_t *argument)
{
    (void)argument;
    return json_pack("[I,I,I,f,f,b]", (json_int_t)12345678901234, (json_int_t)-12345678901234,
                     (json_int_t)1234567890123456789, 1.2345678901234567e-300, 0.1, 1);
}

/* Grows its table when no token of it takes memory. */
static json_t *many_words(json_t *argument)
{
    json_t *value = json_pack("[s]", "1234567890123456789012345678");

    (void)argument;
    for (int i = 0; i < 200; i++)
        json_array_append_new(value, json_true());
    return value;
}

static procspawn_shmem *shmem;  /* of this process; kept until a value has been sent */

static json_t *with_descriptors(json_t *argument)
{
    procspawn_sender *to;
    procspawn_receiver *from;

    (void)argument;
    if ((!shmem && procspawn_shmem_new("bytes", 5, &shmem) < 0) ||
        procspawn_channel_new(&to, &from) < 0)
        return NULL;
    json_t *number = json_integer(7);
    procspawn_sender_send(to, number);
    json_decref(number);
    procspawn_sender_free(to);
    json_t *value = json_pack("{s:[o,o], s:o, s:o}", "fds",
                              procspawn_value_fd_take(values_pipe("one")),
                              procspawn_value_fd_take(values_pipe("two")), "shmem",
                              procspawn_value_shmem(shmem), "receiver",
                              procspawn_value_receiver_take(from));
    return value;
}

/* ---- what arrives ---- */

static bool gives(const json_t *placeholder, const char *text)
{
    int fd;

    if (procspawn_value_claim_fd(placeholder, &fd) < 0)
        return false;
    bool right = values_reads(fd, text);
    close(fd);
    return right;
}

static bool gives_bytes(const json_t *placeholder)
{
    procspawn_shmem *there;

    if (procspawn_value_claim_shmem(placeholder, &there) < 0)
        return false;
    bool right = memcmp(procspawn_shmem_data(there), "bytes", 5) == 0;
    procspawn_shmem_unref(there);
    return right;
}

static bool gives_a_message(const json_t *placeholder)
{
    procspawn_receiver *from;
    json_t *value = NULL;

    if (procspawn_value_claim_receiver(placeholder, &from) < 0)
        return false;
    bool right = procspawn_receiver_recv_timeout(from, 0, &value) == 0 &&
                 json_integer_value(value) == 7;
    json_decref(value);
    procspawn_receiver_free(from);
    return right;
}

static bool is_right(procspawn_function *make, const json_t *value)
{
    if (make == with_descriptors) {
        json_t *fds = json_object_get(value, "fds");
        return gives(json_array_get(fds, 0), "one") && gives(json_array_get(fds, 1), "two") &&
               gives_bytes(json_object_get(value, "shmem")) &&
               gives_a_message(json_object_get(value, "receiver"));
    }
    json_t *wanted = make(NULL);
    bool right = json_equal(wanted, value);
    json_decref(wanted);
    return right;
}

static void check(bool right, unsigned n, const char *failed, int first, int rc)
{
    char text[160];

    snprintf(text, sizeof text, "request %u (%s) refused: %d, then %d%s", n, failed ? failed : "-",
             first, rc, right ? "" : ", and not what was sent");
    CU_assertImplementation(right && rc == 0 && (first == 0 || first == -ENOMEM), __LINE__, text,
                            __FILE__, "", CU_FALSE);
}

/* ---- ways to receive ---- */

typedef int receiving(void *from, json_t **ret_value);

static int receive_message(void *from, json_t **ret_value)
{
    return procspawn_receiver_recv_timeout(from, 100 * CALLS_SECOND, ret_value);
}

static int receive_result(void *from, json_t **ret_value)
{
    return procspawn_join_timeout(from, 100 * CALLS_SECOND, ret_value, NULL);
}

/* Returns whether a request was refused. */
static bool receive_with(receiving *receive, void *from, procspawn_function *make, unsigned n,
                         bool all)
{
    json_t *value = NULL;

    (all ? fail_arm_all : fail_arm)(FAIL_MEMORY, n);
    int first = receive(from, &value);
    const char *failed = fail_disarm();
    int rc = first == -ENOMEM ? receive(from, &value) : first;
    check(is_right(make, value), n, failed, first, rc);
    json_decref(value);
    return failed != NULL;
}

static bool one_message(procspawn_function *make, unsigned n, bool all)
{
    json_t *value = make(NULL);

    CU_ASSERT_FATAL(procspawn_sender_send(sender, value) == 0);
    json_decref(value);
    return receive_with(receive_message, receiver, make, n, all);
}

static bool one_result(procspawn_function *make, unsigned n, bool all)
{
    procspawn_handle *handle = calls_start(make, NULL);
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };

    CU_ASSERT(poll(&fd, 1, 20000) == 1);
    bool refused = receive_with(receive_result, handle, make, n, all);
    procspawn_handle_free(handle);
    return refused;
}

static procspawn_pool *pool;

static bool one_pool_result(procspawn_function *make, unsigned n, bool all)
{
    procspawn_handle *handle;

    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, make, NULL, &handle) == 0);
    struct pollfd fd = { .fd = procspawn_fd(handle), .events = POLLIN };
    CU_ASSERT(poll(&fd, 1, 20000) == 1);
    bool refused = receive_with(receive_result, handle, make, n, all);
    procspawn_handle_free(handle);
    return refused;
}

/* Until no request was refused. */
static void each_refused(bool (*one)(procspawn_function *, unsigned, bool),
                         procspawn_function *make)
{
    for (int all = 0; all < 2; all++) {
        unsigned n = 1;
        while (one(make, n, all))
            n++;
        CU_ASSERT(n > 1);
    }
}

/* The first message has the receiver make what it keeps. */
static void messages(procspawn_function *make)
{
    enum { NONE = 1 << 20 };

    channel_open();
    CU_ASSERT(!one_message(make, NONE, false));
    unsigned before = calls_descriptors();
    each_refused(one_message, make);
    calls_check_descriptors(before);
    channel_close();
    procspawn_shmem_unref(shmem);
    shmem = NULL;
}

/* ---- tests ---- */

static void a_long_text_arrives_whole_or_later(void)
{
    messages(long_text);
    messages(long_token);
}

static void so_does_one_that_a_thread_decodes(void)
{
    messages(longer_text);
}

static void texts_and_keys_of_all_lengths_arrive_whole_or_later(void)
{
    messages(many_texts);
}

static void numbers_arrive_with_all_digits_or_later(void)
{
    messages(numbers);
}

static void an_array_that_grows_between_tokens_arrives_whole_or_later(void)
{
    messages(many_words);
}

static void descriptors_buffers_and_channel_ends_arrive_together_or_later(void)
{
    messages(with_descriptors);
}

static void bytes_arrive_whole_or_later(void)
{
    messages(bytes_and_texts);
}

static void so_do_those_of_results(void)
{
    each_refused(one_result, bytes_and_texts);
    each_refused(one_result, with_descriptors);
    each_refused(one_result, numbers);
    each_refused(one_result, long_text);
}

static void so_do_those_of_a_pool_s_results(void)
{
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    each_refused(one_pool_result, with_descriptors);
    each_refused(one_pool_result, long_text);
    each_refused(one_pool_result, bytes_and_texts);
    procspawn_pool_free(pool);
}

/* ---- jansson's allocation functions ---- */

static json_malloc_t allocate_below;
static json_free_t release_below;
static bool refusing;

static void *allocate(size_t size)
{
    return refusing ? NULL : allocate_below(size);
}

static void release(void *block)
{
    release_below(block);
}

static bool are_set(json_malloc_t allocate_by, json_free_t release_by)
{
    json_malloc_t now_allocate;
    json_free_t now_release;

    json_get_alloc_funcs(&now_allocate, &now_release);
    return now_allocate == allocate_by && now_release == release_by;
}

static void the_program_s_functions_are_used_and_put_back(void)
{
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
    json_get_alloc_funcs(&allocate_below, &release_below);
    json_set_alloc_funcs(allocate, release);
    for (int i = 0; i < 2; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), 0);
        refusing = true;
        CU_ASSERT_PTR_NULL(json_array());
        refusing = false;
        PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
        CU_ASSERT(are_set(allocate, release));
    }
    json_set_alloc_funcs(allocate_below, release_below);
    values_begin();
}

static void functions_that_are_set_after_init_stay(void)
{
    json_get_alloc_funcs(&allocate_below, &release_below);
    json_set_alloc_funcs(allocate, release);
    for (int i = 0; i < 2; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
        CU_ASSERT(are_set(allocate, release));
        PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), 0);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(5))), 5);
    }
    messages(numbers);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_long_text_arrives_whole_or_later),
    TEST(so_does_one_that_a_thread_decodes),
    TEST(texts_and_keys_of_all_lengths_arrive_whole_or_later),
    TEST(numbers_arrive_with_all_digits_or_later),
    TEST(an_array_that_grows_between_tokens_arrives_whole_or_later),
    TEST(descriptors_buffers_and_channel_ends_arrive_together_or_later),
    TEST(bytes_arrive_whole_or_later),
    TEST(so_do_those_of_results),
    TEST(so_do_those_of_a_pool_s_results),
    TEST(the_program_s_functions_are_used_and_put_back),
    TEST(functions_that_are_set_after_init_stay),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    VALUES_SUITE("memory", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    fail_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
