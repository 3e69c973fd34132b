/*
 * set_test.c - a set gives the results of its calls as they end
 */
#include "tests/support/pool_helpers.h"
#include "tests/support/set_helpers.h"

#include <errno.h>
#include <forkscope/completion.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MANY = 1000 };

static json_t *square(json_t *number)
{
    return json_integer(json_integer_value(number) * json_integer_value(number));
}

static json_t *crash(json_t *argument)
{
    (void)argument;
    abort();
}

/* ---- results ---- */

static void an_empty_set_has_no_data(void)
{
    set_check_empty(set_make());
}

static void each_result_comes_with_its_tag(void)
{
    enum { CALLS = 20 };
    procspawn_set *set = set_make();
    static bool seen[CALLS];

    for (int i = 0; i < CALLS; i++)
        set_add(set, NULL, square, json_integer(i), &seen[i]);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_set_count(set), CALLS);
    for (int i = 0; i < CALLS; i++) {
        struct procspawn_result result = set_next(set);
        bool *tag = result.tag;
        json_int_t number = tag - seen;
        CU_ASSERT(!*tag);
        *tag = true;
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), number * number);
        procspawn_result_fini(&result);
    }
    set_check_empty(set);
}

/* The first call waits for the second one's end. */
static void the_call_that_ends_first_is_given_first(procspawn_pool *pool)
{
    procspawn_set *set = set_make();
    struct pool_gate gate;
    int slow, fast;

    pool_gate_make(&gate);
    procspawn_set_max_running(set, 2);
    set_add(set, pool, pool_forty_two, pool_gate_name(&gate), &slow);
    set_add(set, pool, square, json_integer(3), &fast);
    set_check_next(set, &fast, 9);
    pool_gate_open(&gate);
    set_check_next(set, &slow, 42);
    pool_gate_remove(&gate);
    set_check_empty(set);
}

static void the_process_that_ends_first_is_given_first(void)
{
    the_call_that_ends_first_is_given_first(NULL);
}

static void the_call_of_a_pool_that_ends_first_is_given_first(void)
{
    procspawn_pool *pool = pool_make(2);

    the_call_that_ends_first_is_given_first(pool);
    procspawn_pool_free(pool);
}

static void a_crash_is_a_result_with_its_tag(void)
{
    procspawn_set *set = set_make();
    int tag;

    set_add(set, NULL, crash, json_null(), &tag);
    set_check_error(set, &tag, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    set_check_empty(set);
}

static void the_error_of_a_call_has_the_name_of_its_process(void)
{
    procspawn_set *set = set_make();
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };

    CU_ASSERT_FATAL(procspawn_builder_name(builder, "judge") == 0);
    CU_ASSERT_FATAL(procspawn_set_start(set, &options, crash, NULL, NULL) == 0);
    procspawn_builder_free(builder);
    struct procspawn_result result = set_next(set);
    CU_ASSERT_FATAL(result.error != NULL);
    CU_ASSERT_STRING_EQUAL(procspawn_error_name(result.error), "judge");
    procspawn_result_fini(&result);
    set_check_empty(set);
}

static void a_result_tells_what_the_call_used(void)
{
    procspawn_set *set = set_make();

    set_add(set, NULL, square, json_integer(2), NULL);
    struct procspawn_result result = set_next(set);
    CU_ASSERT(result.cpu_time >= 0);
    CU_ASSERT(result.peak_memory > 0);
    procspawn_result_fini(&result);
    set_check_empty(set);
}

static json_t *take_time(json_t *argument)
{
    usleep(20 * 1000);
    return json_incref(argument);
}

/* The second call has the place of the first one, so it has waited for at least as long as that
 * ran. */
static void the_queue_time_of_a_process_counts_from_when_it_was_added(void)
{
    procspawn_set *set = set_make();
    int tag;

    procspawn_set_max_running(set, 1);
    set_add(set, NULL, take_time, json_null(), &tag);
    set_add(set, NULL, take_time, json_null(), &tag);
    struct procspawn_result first = set_next(set), second = set_next(set);
    CU_ASSERT(first.run_time >= 20 * CALLS_MS);
    CU_ASSERT(second.queue_time >= first.run_time);
    procspawn_result_fini(&first);
    procspawn_result_fini(&second);
    set_check_empty(set);
}

/* ---- arguments ---- */

static void the_argument_is_encoded_at_once(void)
{
    procspawn_set *set = set_make();
    json_t *argument = json_integer(7);
    int tag;

    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, NULL, calls_echo, argument, &tag), 0);
    json_integer_set(argument, 8);
    json_decref(argument);
    set_check_next(set, &tag, 7);
    set_check_empty(set);
}

static void what_cannot_be_called_is_not_added(void)
{
    struct procspawn_call_options take = { .take_argument = true };
    struct procspawn_call_options negative = { .total_limit = -1 };
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options pipe = { .builder = builder };
    procspawn_set *set = set_make();

    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_PIPE, -1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &take, square, NULL, NULL), PROCSPAWN_EJSON);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, NULL, NULL, NULL, NULL), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &negative, square, NULL, NULL), -EINVAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &pipe, square, NULL, NULL), -EINVAL);
    procspawn_builder_free(builder);
    set_check_empty(set);
}

static json_t *where_am_i(json_t *argument)
{
    char path[4096];

    (void)argument;
    return json_string(getcwd(path, sizeof path) ? path : "nowhere");
}

/* Calls that wait share the descriptor of the directory. */
static void a_call_starts_in_the_directory_of_the_moment_at_which_it_was_added(void)
{
    enum { CALLS = 40 };
    procspawn_set *set = set_make();
    int here, there;

    CU_ASSERT_FATAL(chdir("/tmp") == 0);
    unsigned before = calls_descriptors();
    for (int i = 0; i < CALLS; i++)
        set_add(set, NULL, where_am_i, json_null(), &here);
    CU_ASSERT(calls_descriptors() - before <= 1);
    CU_ASSERT_FATAL(chdir("/usr") == 0);
    for (int i = 0; i < CALLS; i++)
        set_add(set, NULL, where_am_i, json_null(), &there);
    for (int i = 0; i < 2 * CALLS; i++) {
        struct procspawn_result result = set_next(set);
        CU_ASSERT_STRING_EQUAL(json_string_value(result.value),
                               result.tag == &here ? "/tmp" : "/usr");
        procspawn_result_fini(&result);
    }
    set_check_empty(set);
}

static json_t *write_a_byte(json_t *argument)
{
    (void)argument;
    return json_integer(write(STDOUT_FILENO, "x", 1));
}

/* The program may close the descriptor of a builder once the call is added. */
static void calls_that_wait_share_the_descriptors_of_their_streams(void)
{
    enum { CALLS = 40 };
    procspawn_builder *builder = procspawn_builder_new();
    struct procspawn_call_options options = { .builder = builder };
    procspawn_set *set = set_make();
    char bytes[2 * CALLS];
    int ends[2];

    CU_ASSERT_FATAL(pipe(ends) == 0);
    procspawn_builder_stdout(builder, PROCSPAWN_STDIO_FD, ends[1]);
    unsigned before = calls_descriptors();
    for (int i = 0; i < CALLS; i++)
        PROCSPAWN_CUNIT_EQUAL(procspawn_set_start(set, &options, write_a_byte, NULL, NULL), 0);
    CU_ASSERT(calls_descriptors() - before <= 1);
    procspawn_builder_free(builder);
    close(ends[1]);
    for (int i = 0; i < CALLS; i++)
        set_check_next(set, NULL, 1);
    set_check_empty(set);
    size_t length = 0;
    for (ssize_t n; (n = read(ends[0], bytes + length, sizeof bytes - length)) > 0;)
        length += (size_t)n;
    PROCSPAWN_CUNIT_EQUAL((int)length, CALLS);
    close(ends[0]);
}

/* ---- a thousand calls ---- */

static void limit_descriptors(rlim_t count)
{
    struct rlimit limit = { count, count };

    CU_ASSERT_FATAL(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void a_thousand_calls_end(procspawn_pool *pool)
{
    procspawn_set *set = set_make();
    unsigned before = calls_descriptors();
    int good = 0;

    limit_descriptors(256);
    for (int i = 0; i < MANY; i++)
        set_add(set, pool, square, json_integer(i), (void *)(intptr_t)i);
    CU_ASSERT(pool || calls_descriptors() == before);
    for (int i = 0; i < MANY; i++) {
        struct procspawn_result result = set_next(set);
        intptr_t number = (intptr_t)result.tag;
        good += json_integer_value(result.value) == number * number;
        procspawn_result_fini(&result);
    }
    PROCSPAWN_CUNIT_EQUAL(good, MANY);
    set_check_empty(set);
}

static void a_thousand_processes_need_no_descriptor_each(void)
{
    a_thousand_calls_end(NULL);
}

static void a_thousand_calls_of_a_pool_need_no_descriptor_each(void)
{
    procspawn_pool *pool = pool_make(2);

    a_thousand_calls_end(pool);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(an_empty_set_has_no_data),
    TEST(each_result_comes_with_its_tag),
    TEST(the_process_that_ends_first_is_given_first),
    TEST(the_call_of_a_pool_that_ends_first_is_given_first),
    TEST(a_crash_is_a_result_with_its_tag),
    TEST(the_error_of_a_call_has_the_name_of_its_process),
    TEST(a_result_tells_what_the_call_used),
    TEST(the_queue_time_of_a_process_counts_from_when_it_was_added),
    TEST(the_argument_is_encoded_at_once),
    TEST(what_cannot_be_called_is_not_added),
    TEST(a_call_starts_in_the_directory_of_the_moment_at_which_it_was_added),
    TEST(calls_that_wait_share_the_descriptors_of_their_streams),
    TEST(a_thousand_processes_need_no_descriptor_each),
    TEST(a_thousand_calls_of_a_pool_need_no_descriptor_each),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = { CALLS_SUITE("set", tests), CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
