/*
 * options_test.c - calls with options: started, finished, and what is known of their end
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"

#include <errno.h>
#include <forkscope.h>
#include <forkscope/cunit.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *give_descriptor(json_t *unused)
{
    (void)unused;
    return json_pack("{s:o}", "file", procspawn_value_fd_take(dup(0)));
}

static json_t *give_environment(json_t *name)
{
    const char *value = getenv(json_string_value(name));
    return json_string(value ? value : "");
}

/* Uses 16 MiB. */
static json_t *use_memory(json_t *unused)
{
    enum { SIZE = 16 << 20 };
    volatile char *memory = malloc(SIZE);

    (void)unused;
    for (size_t i = 0; memory && i < SIZE; i += 4096)
        memory[i] = 1;
    free((void *)(uintptr_t)memory);
    return json_null();
}

static void check_failed(struct procspawn_result *result, int status,
                         enum procspawn_error_kind kind)
{
    PROCSPAWN_CUNIT_EQUAL(result->status, status);
    CU_ASSERT(result->value == NULL);
    CU_ASSERT_FATAL(result->error != NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_code(result->error), status);
    PROCSPAWN_CUNIT_EQUAL((int)procspawn_error_kind(result->error), (int)kind);
    procspawn_result_fini(result);
}

static void the_result_tells_what_the_process_used(void)
{
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, use_memory, NULL, &result), 0);
    CU_ASSERT(json_is_null(result.value));
    CU_ASSERT(result.error == NULL);
    CU_ASSERT(result.tag == NULL);
    CU_ASSERT(result.cpu_time > 0);
    CU_ASSERT(result.peak_memory >= 16 << 20);
    CU_ASSERT_STRING_EQUAL(result.out.data, "");
    CU_ASSERT_STRING_EQUAL(result.err.data, "");
    procspawn_result_fini(&result);
    CU_ASSERT(result.value == NULL);
    procspawn_result_fini(&result);
    procspawn_result_fini(NULL);
}

static void descriptors_of_a_result_can_be_claimed_until_it_is_emptied(void)
{
    struct procspawn_result result;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, give_descriptor, NULL, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(json_object_get(result.value, "file"), &fd),
                          0);
    close(fd);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, give_descriptor, NULL, &result), 0);
    json_t *kept = result.value;
    result.value = NULL;
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(json_object_get(kept, "file"), &fd),
                          PROCSPAWN_EVALUE);
    json_decref(kept);
}

static void a_builder_says_how_the_process_differs(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    const struct procspawn_call_options options = { .builder = builder, .take_argument = true };
    struct procspawn_result result;

    procspawn_builder_env(builder, "COLOUR", "green");
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, give_environment, json_string("COLOUR"),
                                              &result), 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(result.value), "green");
    procspawn_result_fini(&result);
    procspawn_builder_free(builder);
}

static void a_total_limit_overrides_that_of_the_builder(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    const struct procspawn_call_options options = { .builder = builder,
                                                    .total_limit = 50 * CALLS_MS };
    struct procspawn_result result;

    procspawn_builder_total_limit(builder, 1000 * CALLS_SECOND);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, calls_hang, NULL, &result),
                          PROCSPAWN_ECALL);
    check_failed(&result, PROCSPAWN_ECALL, PROCSPAWN_ERROR_TIMED_OUT);
    procspawn_builder_free(builder);
}

static void options_that_exclude_each_other_are_refused(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_builder *builder = procspawn_builder_new();
    const struct {
        struct procspawn_call_options options;
        const char *reason;
    } wrong[] = {
        { { .pool = pool, .builder = builder }, "a pool together with a builder" },
        { { .total_limit = -1 }, "the total limit is negative" },
        { { .run_limit = -1 }, "the run limit is negative" },
        { { .pool = pool, .total_limit = -1 }, "the total limit is negative" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        procspawn_handle *handle = NULL;
        struct procspawn_result result;
        PROCSPAWN_CUNIT_EQUAL(procspawn_start(&wrong[i].options, calls_echo, NULL, &handle),
                              -EINVAL);
        CU_ASSERT(handle == NULL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&wrong[i].options, calls_echo, NULL, &result),
                              -EINVAL);
        CU_ASSERT_STRING_EQUAL(procspawn_error_message(result.error), wrong[i].reason);
        check_failed(&result, -EINVAL, PROCSPAWN_ERROR_SETUP);
    }
    procspawn_builder_free(builder);
    procspawn_pool_free(pool);
}

/* ---- start and finish ---- */

static void a_call_is_finished_later(void)
{
    procspawn_handle *handle = NULL;
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_start(NULL, calls_pid, NULL, &handle), 0);
    pid_t pid = procspawn_pid(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(handle, -1, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(result.value), pid);
    procspawn_result_fini(&result);
}

static void a_call_that_is_not_finished_in_time_stays_the_callers(void)
{
    procspawn_handle *handle = NULL;
    struct procspawn_result result;
    struct procspawn_result untouched;

    memset(&result, 0x5a, sizeof result);
    untouched = result;
    PROCSPAWN_CUNIT_EQUAL(procspawn_start(NULL, calls_hang, NULL, &handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(handle, 0, &result), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(handle, CALLS_MS, &result), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(memcmp(&result, &untouched, sizeof result), 0);
    procspawn_kill(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(handle, -1, &result), PROCSPAWN_ECALL);
    check_failed(&result, PROCSPAWN_ECALL, PROCSPAWN_ERROR_REMOTE_CLOSE);
}

static void a_call_that_was_joined_finishes_as_consumed(void)
{
    procspawn_handle *handle = calls_start(calls_echo, NULL);
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(handle, -1, &result), PROCSPAWN_ECALL);
    check_failed(&result, PROCSPAWN_ECALL, PROCSPAWN_ERROR_CONSUMED);
}

static void a_result_outlives_its_pool(void)
{
    procspawn_pool *pool = pool_make(1);
    const struct procspawn_call_options options = { .pool = pool };
    struct procspawn_result result;
    int fd = -1;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, give_descriptor, NULL, &result), 0);
    PROCSPAWN_CUNIT_EQUAL(result.cpu_time, -1);
    PROCSPAWN_CUNIT_EQUAL(result.peak_memory, -1);
    procspawn_pool_free(pool);
    PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(json_object_get(result.value, "file"), &fd),
                          0);
    close(fd);
    procspawn_result_fini(&result);
}

/* ---- times ---- */

/* Takes 50 ms of time. */
static json_t *take_time(json_t *unused)
{
    (void)unused;
    poll(NULL, 0, 50);
    return json_null();
}

static void the_time_of_the_function_is_its_own(void)
{
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, take_time, NULL, &result), 0);
    CU_ASSERT(result.run_time >= 49 * CALLS_MS);
    CU_ASSERT(result.queue_time > 0);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(NULL, NULL, NULL, &result), PROCSPAWN_EFUNCTION);
    PROCSPAWN_CUNIT_EQUAL(result.run_time, 0);
    procspawn_result_fini(&result);
}

static void the_time_in_the_queue_of_a_pool_is_not_the_functions(void)
{
    procspawn_pool *pool = pool_make(1);
    const struct procspawn_call_options options = { .pool = pool };
    struct procspawn_result result;
    procspawn_handle *first = NULL, *second = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&options, take_time, NULL, &first), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&options, calls_echo, NULL, &second), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(second, -1, &result), 0);
    CU_ASSERT(result.queue_time >= 49 * CALLS_MS);
    CU_ASSERT(result.run_time >= 0 && result.run_time < result.queue_time);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(first, -1, &result), 0);
    CU_ASSERT(result.run_time >= 49 * CALLS_MS);
    procspawn_result_fini(&result);
    procspawn_pool_free(pool);
}

/* ---- with a scope ---- */

static void a_call_of_a_pool_ends_with_its_scope(void)
{
    procspawn_pool *pool = pool_make(1);
    struct procspawn_result result;
    procspawn_handle *running = NULL, *queued = NULL;
    scoped_spawner root;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    const struct procspawn_call_options options = { .pool = pool, .scope = &root };
    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&options, calls_hang, NULL, &running), 0);
    pid_t pid = pool_await_start(running);
    PROCSPAWN_CUNIT_EQUAL(procspawn_start(&options, calls_hang, NULL, &queued), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(running, 0, &(struct rusage){ 0 }), -ENOTSUP);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
    CU_ASSERT(pool_await_death(pid));
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(running, 0, &result), PROCSPAWN_ECALL);
    check_failed(&result, PROCSPAWN_ECALL, PROCSPAWN_ERROR_REMOTE_CLOSE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_finish(queued, 0, &result), PROCSPAWN_ECALL);
    CU_ASSERT(result.error != NULL);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_call(pool, calls_echo, NULL, NULL, NULL), 0);
    procspawn_pool_free(pool);
}

static void a_call_of_a_pool_succeeds_in_a_scope(void)
{
    procspawn_pool *pool = pool_make(1);
    struct procspawn_result result;
    scoped_spawner root;

    CU_ASSERT_EQUAL_FATAL(scoped_spawner_open(NULL, &root), 0);
    const struct procspawn_call_options options = { .pool = pool, .scope = &root };
    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, give_descriptor, NULL, &result), 0);
    CU_ASSERT(json_object_get(result.value, "file") != NULL);
    procspawn_result_fini(&result);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, SCOPED_FOREVER, NULL), 0);
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_result_tells_what_the_process_used),
    TEST(descriptors_of_a_result_can_be_claimed_until_it_is_emptied),
    TEST(a_builder_says_how_the_process_differs),
    TEST(a_total_limit_overrides_that_of_the_builder),
    TEST(options_that_exclude_each_other_are_refused),
    TEST(a_call_is_finished_later),
    TEST(a_call_that_is_not_finished_in_time_stays_the_callers),
    TEST(a_call_that_was_joined_finishes_as_consumed),
    TEST(a_result_outlives_its_pool),
    TEST(the_time_of_the_function_is_its_own),
    TEST(the_time_in_the_queue_of_a_pool_is_not_the_functions),
    TEST(a_call_of_a_pool_ends_with_its_scope),
    TEST(a_call_of_a_pool_succeeds_in_a_scope),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("options", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
