/*
 * buffers_test.c - what functions and hostile workers do to the standing buffers of a worker
 */
#include "src/child/reply.h"
#include "src/child/standing.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include "src/wire/standing.h"
#include "tests/support/long_values.h"
#include "tests/support/pool_helpers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KIB = 1024, MIB = 1024 * KIB };

/* ---- what a function does to them ---- */

static json_t *close_all_but_the_channel(json_t *argument)
{
    for (int fd = 3; fd < 1024; fd++) {
        if (fd != procspawn__reply.channel)
            close(fd);
    }
    return json_incref(argument);
}

static void a_function_that_closes_descriptors_does_not_close_them(void)
{
    procspawn_pool *pool = long_warm_pool(1);
    json_t *value = long_string(MIB, 'd');
    json_t *result = calls_result(pool_start(pool, close_all_but_the_channel, json_incref(value)));

    CU_ASSERT(json_equal(result, value));
    json_decref(result);
    long_check_echo(pool, value);
    procspawn_pool_free(pool);
}

/* A copy of the worker answers as well, and first. */
static json_t *answer_twice(json_t *argument)
{
    pid_t pid = fork();

    if (pid == 0) {
        procspawn__reply_result(long_string(json_string_length(argument), 'z'));
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return json_incref(argument);
}

static void a_copy_of_a_worker_does_not_write_over_its_result(void)
{
    procspawn_pool *pool = long_warm_pool(1);
    json_t *value = long_string(MIB, 'e');
    json_t *result = calls_result(pool_start(pool, answer_twice, json_incref(value)));

    CU_ASSERT(json_equal(result, value));
    json_decref(result);
    json_decref(value);
    procspawn_pool_free(pool);
}

/* Which of its buffers can it write to, and how? 0: none that it should not. */
static json_t *write_to_argument(json_t *argument)
{
    unsigned char *bytes =
        (unsigned char *)(uintptr_t)procspawn__standing_argument(json_string_length(argument));

    if (!bytes)
        return json_integer(1);
    if (mprotect(bytes, 4 * KIB, PROT_READ | PROT_WRITE) == 0)
        return json_integer(2);
    return json_integer(madvise(bytes, 4 * KIB, MADV_REMOVE) == 0 ? 3 : 0);
}

static void a_worker_cannot_write_to_its_arguments(void)
{
    procspawn_pool *pool = long_warm_pool(1);

    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, write_to_argument, long_string(MIB, 'f')), 0);
    procspawn_pool_free(pool);
}

/* ---- hostile workers ---- */

static void *scribble(void *data)
{
    const struct wire_standing *results = data;

    for (unsigned value = 0;; value++) {
        memset(results->bytes, (int)(value % 256), 64);
        memset(results->bytes + results->size / 2, (int)(value % 256), 64 * KIB);
        if (value % 64 == 0)
            madvise(results->bytes, results->size, MADV_REMOVE);
    }
    return NULL;
}

static json_t *return_and_scribble(json_t *argument)
{
    pthread_t thread;

    pthread_create(&thread, NULL, scribble,
                   (void *)(uintptr_t)procspawn__standing_results());
    return json_incref(argument);
}

/* A result is what was copied: a value that is whole, or an error. */
static void check_whole(procspawn_handle *handle)
{
    procspawn_error *error = NULL;
    json_t *result = NULL;
    int rc = procspawn_join(handle, &result, &error);

    CU_ASSERT(rc == 0 || rc == PROCSPAWN_ECALL);
    if (rc == 0) {
        json_t *again = json_string(json_string_value(result));
        CU_ASSERT(again != NULL);
        json_decref(again);
    } else {
        enum procspawn_error_kind kind = procspawn_error_kind(error);
        CU_ASSERT(kind == PROCSPAWN_ERROR_JSON || kind == PROCSPAWN_ERROR_IO);
    }
    json_decref(result);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
}

static void who_scribbles_in_its_results_harms_itself_alone(void)
{
    procspawn_pool *pool = long_warm_pool(1);

    for (int i = 0; i < 20; i++) {
        check_whole(pool_start(pool, i == 0 ? return_and_scribble : calls_echo,
                               long_string(MIB, 'g')));
    }
    procspawn_pool_free(pool);
}

enum lie { LONGER, HUGE_TEXT, HUGE_ATTACHMENTS, EMPTY, NOWHERE, BAD_TABLE, LIES };

static json_t *lie_about_the_buffer(json_t *lie)
{
    const struct wire_standing *results = procspawn__standing_results();
    struct wire_value head = { .generation = procspawn__reply.generation, .length = 4,
                               .place = WIRE_IN_BUFFER };

    switch ((enum lie)json_integer_value(lie)) {
    case LONGER:
        head.length = (results ? results->size : 0) + 1;
        break;
    case HUGE_TEXT:
        head.length = UINT64_MAX;
        break;
    case HUGE_ATTACHMENTS:
        head.attached_length = UINT64_MAX - 2;
        break;
    case EMPTY:
        head.length = 0;
        break;
    case NOWHERE:
        head.place = 77;
        break;
    default:
        head.attached_count = 1000;
        head.attached_length = 8;
        break;
    }
    wire__send_struct(procspawn__reply.channel, WIRE_RESULT, &head, sizeof head, -1, false);
    for (;;)
        pause();
    return NULL;
}

static void check_lie_costs_its_call(procspawn_pool *pool, json_int_t lie)
{
    procspawn_handle *handle = pool_start(pool, lie_about_the_buffer, json_integer(lie));
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_IO, PROCSPAWN_CAUSE_NONE);
    procspawn_handle_free(handle);
}

static void wrong_lengths_in_a_buffer_cost_one_call(void)
{
    for (json_int_t lie = LONGER; lie < LIES; lie++) {
        procspawn_pool *pool = long_warm_pool(1);
        check_lie_costs_its_call(pool, lie);
        procspawn_pool_kill(pool);
        procspawn_pool_free(pool);
    }
}

static void a_result_in_a_buffer_that_nobody_made_costs_one_call(void)
{
    procspawn_pool *pool = pool_make(1);

    check_lie_costs_its_call(pool, LONGER);
    long_check_echo(pool, long_string(MIB, 'h'));
    procspawn_pool_free(pool);
}

#define TEST(name) { #name, name }

static CU_TestInfo abuse_tests[] = {
    TEST(a_function_that_closes_descriptors_does_not_close_them),
    TEST(a_copy_of_a_worker_does_not_write_over_its_result),
    TEST(a_worker_cannot_write_to_its_arguments),
    TEST(who_scribbles_in_its_results_harms_itself_alone),
    TEST(wrong_lengths_in_a_buffer_cost_one_call),
    TEST(a_result_in_a_buffer_that_nobody_made_costs_one_call),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("abuse", abuse_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
