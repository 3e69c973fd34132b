/*
 * fresh_test.c - pools whose calls start from the state of a new process
 */
#include "tests/support/frame.h"
#include "tests/support/fresh_helpers.h"

#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/value.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static json_int_t calls;

static json_t *count_calls(json_t *argument)
{
    (void)argument;
    return json_integer(++calls);
}

static void each_call_is_the_first_and_the_process_is_the_same(void)
{
    procspawn_pool *pool = fresh_make(1);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    FRESH_CHECK_SAME(pool, pid);
    procspawn_pool_free(pool);
}

/* ---- what lasts ---- */

static json_t *start_at(json_t *number)
{
    calls = json_integer_value(number);
    return json_null();
}

static void what_the_initializer_has_made_is_there_for_each_call(void)
{
    procspawn_pool_builder *builder = fresh_builder(1);
    json_t *number = json_integer(100);

    procspawn_pool_builder_initializer(builder, start_at, number);
    json_decref(number);
    procspawn_pool *pool = fresh_build(builder);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 101);
    procspawn_pool_free(pool);
}

static int file = -1;

static json_t *open_file(json_t *argument)
{
    char path[] = "/tmp/fresh-XXXXXX";

    file = mkstemp(path);
    unlink(path);
    return file >= 0 && write(file, "0123456789", 10) == 10 && lseek(file, 2, SEEK_SET) == 2
               ? json_incref(argument)
               : NULL;
}

static json_t *read_file(json_t *argument)
{
    char byte = 0;
    (void)argument;
    return json_integer(read(file, &byte, 1) == 1 ? byte : -1);
}

static json_t *replace_file(json_t *argument)
{
    dup2(STDIN_FILENO, file);
    return json_incref(argument);
}

/* The position moves with the first call, so its process is replaced, and the file made anew. */
static void a_file_of_the_initializer_is_at_its_position_in_each_call(void)
{
    procspawn_pool_builder *builder = fresh_builder(1);

    procspawn_pool_builder_initializer(builder, open_file, NULL);
    procspawn_pool *pool = fresh_build(builder);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(pool_number(pool, read_file, NULL), '2');
    json_decref(calls_result(pool_start(pool, replace_file, NULL)));
    CU_ASSERT_EQUAL(pool_number(pool, read_file, NULL), '2');
    procspawn_pool_free(pool);
}

static void double_calls(void *factor) { calls = calls * *(json_int_t *)factor + 5; }

static void the_hook_runs_before_each_call(void)
{
    static json_int_t factor = 3;
    procspawn_pool_builder *builder = fresh_builder(1);

    procspawn_pool_builder_fresh_hook(builder, double_calls, &factor);
    procspawn_pool *pool = fresh_build(builder);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 6);
    procspawn_pool_free(pool);
}

/* ---- generators ---- */

/* In an iterator of jansson the hash of the key lies behind two pointers. */
static json_t *hash_of_a_key(json_t *argument)
{
    json_t *object = json_object();
    size_t hash;
    (void)argument;

    json_object_set_new(object, "key", json_null());
    memcpy(&hash, (char *)json_object_iter(object) + 2 * sizeof(void *), sizeof hash);
    json_decref(object);
    return json_integer((json_int_t)(hash & 0xffffffff));
}

static void the_seed_of_jansson_differs_from_call_to_call(void)
{
    procspawn_pool *pool = fresh_make(1);
    json_int_t pid = pool_number(pool, calls_pid, NULL);
    json_int_t first = pool_number(pool, hash_of_a_key, NULL);
    json_int_t second = pool_number(pool, hash_of_a_key, NULL);

    CU_ASSERT_NOT_EQUAL(first, second);
    CU_ASSERT_NOT_EQUAL(pool_number(pool, hash_of_a_key, NULL), second);
    FRESH_CHECK_SAME(pool, pid);
    procspawn_pool_free(pool);
}

static json_t *placeholder(json_t *argument)
{
    (void)argument;
    json_t *value = procspawn_value_fd(STDIN_FILENO);
    char *text = json_dumps(value, 0);
    json_t *result = json_pack("{s:s}", "text", text);
    free(text);
    json_decref(value);
    return result;
}

static void the_secret_of_placeholders_differs_from_call_to_call(void)
{
    procspawn_pool *pool = fresh_make(1);
    json_t *first = calls_result(pool_start(pool, placeholder, NULL));
    json_t *second = calls_result(pool_start(pool, placeholder, NULL));

    CU_ASSERT(!json_equal(first, second));
    json_decref(first);
    json_decref(second);
    procspawn_pool_free(pool);
}

/* ---- ends ---- */

static volatile int *volatile nowhere;

static FRAME json_t *crash(json_t *argument)
{
    *nowhere = 1;
    return argument;
}

static volatile bool deeper = true;

static json_t *overflow(json_t *argument)
{
    volatile char frame[4096];

    frame[0] = 1;
    json_t *result = deeper ? overflow(argument) : argument;
    frame[1] = frame[0];
    return result;
}

static json_t *panic(json_t *argument)
{
    procspawn_panic("no more");
    return argument;
}

static json_t *leave_call(json_t *argument) { _exit(3); return argument; }

static procspawn_error *fail_in(procspawn_pool *pool, procspawn_function *function)
{
    pool_number(pool, count_calls, NULL);
    return calls_error(pool_start(pool, function, NULL));
}

static void a_crash_is_as_in_any_pool(void)
{
    procspawn_pool *pool = fresh_make(1);
    procspawn_error *error = fail_in(pool, crash);

    CU_ASSERT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_REMOTE_CLOSE);
    CU_ASSERT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_SIGNAL);
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    procspawn_error_free(error);
    CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    procspawn_pool_free(pool);
}

static void an_overflow_of_the_stack_is_told(void)
{
    procspawn_pool *pool = fresh_make(1);
    procspawn_error *error = fail_in(pool, overflow);

    CU_ASSERT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_STACK_OVERFLOW);
    procspawn_error_free(error);
    procspawn_pool_free(pool);
}

static void so_are_a_panic_and_an_exit(void)
{
    procspawn_pool *pool = fresh_make(1);
    procspawn_error *error = fail_in(pool, panic);

    CU_ASSERT_EQUAL(procspawn_error_kind(error), PROCSPAWN_ERROR_PANIC);
    procspawn_error_free(error);
    error = fail_in(pool, leave_call);
    CU_ASSERT_EQUAL(procspawn_error_cause(error), PROCSPAWN_CAUSE_EXIT);
    procspawn_error_free(error);
    CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    procspawn_pool_free(pool);
}

static json_t *fail(json_t *argument)
{
    return procspawn_fail("not %s", argument ? "now" : "ever");
}

static void a_call_that_fails_keeps_its_process(void)
{
    procspawn_pool *pool = fresh_make(1);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    for (int i = 0; i < 3; i++)
        procspawn_error_free(calls_error(pool_start(pool, fail, NULL)));
    FRESH_CHECK_SAME(pool, pid);
    procspawn_pool_free(pool);
}

/* ---- arguments and results ---- */

static json_t *make_text(size_t length)
{
    char *text = malloc(length + 1);

    memset(text, 'x', length);
    text[length] = '\0';
    json_t *value = json_string(text);
    free(text);
    return value;
}

static void long_values_travel_and_leave_nothing(void)
{
    procspawn_pool *pool = fresh_make(1);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    for (int i = 0; i < 5; i++) {
        json_t *text = make_text(MIB + (size_t)i);
        json_t *result = calls_result(pool_start(pool, calls_echo, json_incref(text)));
        CU_ASSERT(json_equal(text, result));
        json_decref(text);
        json_decref(result);
        CU_ASSERT_EQUAL(pool_number(pool, count_calls, NULL), 1);
    }
    FRESH_CHECK_SAME(pool, pid);
    procspawn_pool_free(pool);
}

static json_t *return_descriptor(json_t *argument)
{
    (void)argument;
    int fd = memfd_create("answer", MFD_CLOEXEC);
    return procspawn_value_fd(fd);
}

static json_t *count_descriptors(json_t *argument)
{
    (void)argument;
    return json_integer(acts_descriptors());
}

static void descriptors_travel_and_none_is_left(void)
{
    procspawn_pool *pool = fresh_make(1);
    json_int_t before = pool_number(pool, count_descriptors, NULL);
    json_int_t pid = pool_number(pool, calls_pid, NULL);

    for (int i = 0; i < 5; i++) {
        json_decref(calls_result(pool_start(pool, return_descriptor, NULL)));
        json_t *value = procspawn_value_fd(STDIN_FILENO);
        json_decref(calls_result(pool_start(pool, calls_echo, value)));
    }
    CU_ASSERT_EQUAL(pool_number(pool, count_descriptors, NULL), before);
    FRESH_CHECK_SAME(pool, pid);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo calls_table[] = {
    TEST(each_call_is_the_first_and_the_process_is_the_same),
    TEST(what_the_initializer_has_made_is_there_for_each_call),
    TEST(a_file_of_the_initializer_is_at_its_position_in_each_call),
    TEST(the_hook_runs_before_each_call),
    TEST(the_seed_of_jansson_differs_from_call_to_call),
    TEST(the_secret_of_placeholders_differs_from_call_to_call),
    TEST(long_values_travel_and_leave_nothing),
    TEST(descriptors_travel_and_none_is_left),
    CU_TEST_INFO_NULL
};

static CU_TestInfo ends[] = {
    TEST(a_crash_is_as_in_any_pool),
    TEST(an_overflow_of_the_stack_is_told),
    TEST(so_are_a_panic_and_an_exit),
    TEST(a_call_that_fails_keeps_its_process),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("calls", calls_table),
    CALLS_SUITE("ends", ends),
    CU_SUITE_INFO_NULL
};

int main(int argc, char **argv)
{
    acts_prepare();
    return procspawn_cunit_run(suites, argc, argv);
}
