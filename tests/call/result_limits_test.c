/*
 * result_limits_test.c - limits of a result or a message: memory, nesting, descriptors
 */
#include "src/child/reply.h"
#include "src/wire/memfd.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "tests/support/value_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* ---- in the child ---- */

static void answer_in_memory(int memfd, size_t length, bool reserved_keys)
{
    struct wire_value head = { .generation = procspawn__reply.generation, .length = length,
                               .place = WIRE_IN_MEMFD, .reserved_keys = reserved_keys };

    wire__send_struct(procspawn__reply.channel, WIRE_RESULT, &head, sizeof head, memfd, false);
    _exit(0);
}

static void answer_text(const char *text, size_t length, bool reserved_keys)
{
    const struct wire_part part = { text, length };
    answer_in_memory(wire__memfd_new(&part, 1), length, reserved_keys);
}

/* Repeats the piece until the text has this many bytes. */
static json_t *repeat(const char *first, const char *piece, const char *last, size_t length)
{
    char *text = malloc(length + 64);
    size_t at = (size_t)sprintf(text, "%s", first), size = strlen(piece);

    for (; at + size < length; at += size)
        memcpy(text + at, piece, size);
    at += (size_t)sprintf(text + at, "%s", last);
    answer_text(text, at, false);
    return NULL;
}

static json_t *empty_objects(json_t *mib)
{
    return repeat("[", "{},", "{}]", (size_t)json_integer_value(mib) * MIB);
}

static json_t *broken_objects(json_t *mib)
{
    return repeat("[", "{},", "", (size_t)json_integer_value(mib) * MIB);
}

static json_t *same_keys(json_t *mib)
{
    return repeat("{", "\"\":[],", "\"\":1}", (size_t)json_integer_value(mib) * MIB);
}

static json_t *long_string(json_t *bytes)
{
    size_t length = (size_t)json_integer_value(bytes);
    char *text = malloc(length);

    memset(text, 'x', length);
    return json_stringn_nocheck(text, length);
}

static json_t *nested(json_t *depth)
{
    json_t *value = json_null();

    for (json_int_t i = json_integer_value(depth); i > 0; i--)
        value = i % 2 ? json_pack("{s:o}", "in", value) : json_pack("[o]", value);
    return value;
}

static json_t *nested_with_placeholder(json_t *depth)
{
    return json_pack("{s:o, s:o}", "fd", procspawn_value_fd_take(open("/dev/null", O_RDONLY)), "in",
                     nested(depth));
}

static json_t *sparse(json_t *bytes)
{
    size_t length = (size_t)json_integer_value(bytes);
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (ftruncate(fd, (off_t)length) < 0 || wire__memfd_seal(fd) < 0)
        abort();
    answer_in_memory(fd, length, false);
    return NULL;
}

/* As much memory as the text should have, but behind its end. */
static json_t *backed_elsewhere(json_t *bytes)
{
    off_t length = json_integer_value(bytes);
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (ftruncate(fd, length) < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, length, length) < 0 ||
        wire__memfd_seal(fd) < 0)
        abort();
    answer_in_memory(fd, (size_t)length, false);
    return NULL;
}

static json_t *huge_pages(json_t *bytes)
{
    off_t length = json_integer_value(bytes);
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

    if (fd < 0 || ftruncate(fd, length) < 0 || wire__memfd_seal(fd) < 0)
        _exit(0);
    answer_in_memory(fd, (size_t)length, false);
    return NULL;
}

/* ---- results ---- */

static long resident_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void check_over_limit(procspawn_handle *handle)
{
    procspawn_error *error = calls_error(handle);

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_errno(error), PROCSPAWN_ELIMIT);
    calls_check_error(error, PROCSPAWN_ERROR_JSON, PROCSPAWN_CAUSE_NONE);
}

static void texts_that_would_be_large_values_are_refused_undecoded(void)
{
    static procspawn_function *const functions[] = { empty_objects, broken_objects, same_keys };
    long before = resident_kib();

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        check_over_limit(calls_start(functions[i], json_integer(16)));
    CU_ASSERT(resident_kib() - before < 200 * 1024);
}

static void the_limit_is_the_builders(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_result_limit(builder, MIB);
    check_over_limit(calls_build(builder, long_string, json_integer(MIB)));
    json_decref(calls_result(calls_build(builder, long_string, json_integer(MIB / 2))));
    procspawn_builder_result_limit(builder, 100);
    check_over_limit(calls_build(builder, long_string, json_integer(100)));
    json_decref(calls_result(calls_build(builder, calls_echo, json_null())));
    json_decref(calls_result(calls_build(builder, calls_echo, json_integer(3))));
    procspawn_builder_result_limit(builder, 0);
    json_decref(calls_result(calls_build(builder, long_string, json_integer(8 * MIB))));
    procspawn_builder_free(builder);
}

static void results_nest_as_deep_as_the_builder_says(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    json_decref(calls_result(calls_start(nested, json_integer(256))));
    check_over_limit(calls_start(nested, json_integer(257)));
    check_over_limit(calls_start(nested_with_placeholder, json_integer(256)));
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_result_depth(builder, 3), 0);
    json_decref(calls_result(calls_build(builder, nested, json_integer(3))));
    check_over_limit(calls_build(builder, nested, json_integer(4)));
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_result_depth(builder, 2047), 0);
    json_decref(calls_result(calls_build(builder, nested, json_integer(2047))));
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_result_depth(builder, 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_builder_result_depth(builder, 2049), -EINVAL);
    procspawn_builder_free(builder);
}

static void arguments_nest_as_deep_as_before(void)
{
    json_t *depth = json_integer(2000);
    json_t *deep = nested(depth);

    check_over_limit(calls_start(calls_echo, deep));
    json_decref(depth);
}

/* The last one is closed by a thread, which frees it: it must not take long on a busy machine. */
static void memory_that_the_child_never_had_is_refused(void)
{
    enum { LEAST = 64 * 1024, MOST = 64 * MIB, STEP = 32 };
    static procspawn_function *const functions[] = { sparse, backed_elsewhere, huge_pages };
    long before = resident_kib();

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        for (int64_t length = LEAST; length <= MOST; length *= STEP) {
            procspawn_error *error = calls_error(calls_start(functions[i], json_integer(length)));
            CU_ASSERT(procspawn_error_kind(error) == PROCSPAWN_ERROR_IO || functions[i] == huge_pages);
            procspawn_error_free(error);
        }
    }
    CU_ASSERT(resident_kib() - before < MOST / 1024 / 2);
}

/* The stack that the manual names. */
static void *join_all(void *handles)
{
    procspawn_handle **handle = handles;

    for (int i = 0; i < 2; i++)
        json_decref(calls_result(handle[i]));
    return NULL;
}

static void check_stack(size_t size, unsigned depth)
{
    procspawn_builder *builder = procspawn_builder_new();
    pthread_attr_t attributes;
    pthread_t thread;

    procspawn_builder_result_depth(builder, depth);
    procspawn_handle *handles[] = { calls_build(builder, nested, json_integer(depth - 1)),
                                    calls_build(builder, nested_with_placeholder,
                                                json_integer(depth - 2)) };
    procspawn_builder_free(builder);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size);
    CU_ASSERT_FATAL(pthread_create(&thread, &attributes, join_all, handles) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
}

static void a_join_needs_no_more_stack_than_the_manual_says(void)
{
    check_stack(128 << 10, 256);
    check_stack(1 << 20, 2048);
}

/* ---- pools ---- */

static void a_result_over_the_limit_costs_no_worker(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_handle *handle[3];
    procspawn_pool *pool;

    procspawn_pool_builder_result_limit(builder, MIB);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_builder_result_depth(builder, 4), 0);
    CU_ASSERT_FATAL(procspawn_pool_builder_build(builder, &pool) == 0);
    procspawn_pool_builder_free(builder);
    json_t *length = json_integer(2 * MIB);
    json_t *depth = json_integer(5);
    procspawn_pool_spawn(pool, calls_pid, NULL, &handle[0]);
    json_t *pid = calls_result(handle[0]);
    procspawn_pool_spawn(pool, long_string, length, &handle[0]);
    procspawn_pool_spawn(pool, nested, depth, &handle[1]);
    procspawn_pool_spawn(pool, calls_pid, NULL, &handle[2]);
    check_over_limit(handle[0]);
    check_over_limit(handle[1]);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle[2]), json_integer_value(pid));
    json_decref(pid);
    json_decref(length);
    json_decref(depth);
    procspawn_pool_free(pool);
}

static json_t *many_descriptors(json_t *unused)
{
    json_t *array = json_array();

    (void)unused;
    for (int i = 0; i < 3; i++)
        json_array_append_new(array, procspawn_value_fd_take(open("/dev/null", O_RDONLY)));
    json_array_append_new(array, json_string("\001forkscope"));
    return array;
}

static json_t *unnamed_descriptors(json_t *reserved_keys)
{
    struct {
        struct wire_value head;
        char text[64];
    } body = {
        .head = { .generation = procspawn__reply.generation,
                  .reserved_keys = json_is_true(reserved_keys) },
        .text = "{\"\\u0001forkscope\":\"fd:0\"}",
    };
    struct wire_part part = { &body, sizeof body.head + strlen(body.text) };
    int fds[WIRE_MAX_FDS] = { 0 };

    body.head.length = strlen(body.text);
    wire__send(procspawn__reply.channel, WIRE_RESULT, &part, 1, fds, WIRE_MAX_FDS, false);
    return calls_hang(reserved_keys);
}

static unsigned descriptors_after(procspawn_pool *pool, procspawn_function *function,
                                  json_t *argument, procspawn_handle **ret_handle)
{
    unsigned before = calls_descriptors();
    struct pollfd fd = { .events = POLLIN };

    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, function, argument, ret_handle) == 0);
    fd.fd = procspawn_fd(*ret_handle);
    CU_ASSERT(poll(&fd, 1, 20000) == 1);
    return calls_descriptors() - before - 1;
}

/* Without spares, so that descriptors can be counted; the worker has its buffer for results. */
static void an_answer_that_waits_keeps_what_its_text_names(void)
{
    procspawn_handle *handle[4];
    procspawn_pool *pool;

    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    json_t *length = json_integer(60000), *longer = json_integer(5000000);
    procspawn_pool_spawn(pool, long_string, length, &handle[0]);
    json_decref(calls_result(handle[0]));
    PROCSPAWN_CUNIT_EQUAL(descriptors_after(pool, long_string, length, &handle[0]), 0);
    PROCSPAWN_CUNIT_EQUAL(descriptors_after(pool, long_string, longer, &handle[1]), 0);
    PROCSPAWN_CUNIT_EQUAL(descriptors_after(pool, many_descriptors, NULL, &handle[2]), 3);
    PROCSPAWN_CUNIT_EQUAL(descriptors_after(pool, unnamed_descriptors, json_false(), &handle[3]),
                          0);
    procspawn_kill(handle[3]);
    for (int i = 0; i < 4; i++)
        procspawn_handle_free(handle[i]);
    procspawn_pool_free(pool);
    json_decref(length);
    json_decref(longer);
}

/* ---- channels ---- */

static void a_receiver_has_limits_too(void)
{
    procspawn_sender *sender;
    procspawn_receiver *receiver;
    json_t *depth = json_integer(300), *value;
    json_t *deep = nested(depth), *text = json_stringn_nocheck("0123456789", 10);

    CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, deep), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), PROCSPAWN_ELIMIT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_depth(receiver, 300), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_depth(receiver, 0), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, deep), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), 0);
    json_decref(value);
    procspawn_receiver_limit(receiver, 10);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, text), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), PROCSPAWN_ELIMIT);
    procspawn_receiver_limit(receiver, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, text), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv(receiver, &value), 0);
    json_decref(value);
    procspawn_sender_free(sender);
    procspawn_receiver_free(receiver);
    json_decref(deep);
    json_decref(text);
    json_decref(depth);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(texts_that_would_be_large_values_are_refused_undecoded),
    TEST(the_limit_is_the_builders),
    TEST(results_nest_as_deep_as_the_builder_says),
    TEST(arguments_nest_as_deep_as_before),
    TEST(memory_that_the_child_never_had_is_refused),
    TEST(a_join_needs_no_more_stack_than_the_manual_says),
    TEST(a_result_over_the_limit_costs_no_worker),
    TEST(a_receiver_has_limits_too),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo counted[] = {
    TEST(an_answer_that_waits_keeps_what_its_text_names),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("limits", tests),
    { .pName = "limits_counted", .pSetUpFunc = values_begin, .pTearDownFunc = values_end,
      .pTests = counted },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
