/*
 * values_test.c - what the library offers works in profile COMPUTE: values of every kind, output,
 * panics, crashes, limits
 */
#include "tests/support/crashers.h"
#include "tests/support/sandbox_helpers.h"
#include "tests/support/value_helpers.h"

#include <assert.h>
#include <errno.h>
#include <forkscope/bytes.h>
#include <forkscope/channel.h>
#include <forkscope/output.h>
#include <forkscope/shmem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGE = 20 << 20 };

/* ---- values ---- */

static void check_success(const struct procspawn_result *result)
{
    PROCSPAWN_CUNIT_EQUAL(result->status, 0);
    if (!result->error)
        return;
    procspawn_error_print_all(result->error, stderr);
    CU_FAIL_FATAL("the call has failed");
}

static json_t *is_large(json_t *unused)
{
    char *text = malloc(LARGE + 1);

    (void)unused;
    memset(text, 'x', LARGE);
    text[LARGE] = '\0';
    json_t *value = json_stringn(text, LARGE);
    free(text);
    return value;
}

static json_t *doubles_bytes(json_t *argument)
{
    size_t length = procspawn_bytes_length(argument);
    char *both = malloc(2 * length);

    memcpy(both, procspawn_bytes_value(argument), length);
    memcpy(both + length, procspawn_bytes_value(argument), length);
    return procspawn_value_bytes_take(both, 2 * length);
}

static json_t *copies_a_buffer(json_t *argument)
{
    procspawn_shmem *given = NULL, *made = NULL;

    if (procspawn_value_claim_shmem(argument, &given) < 0 ||
        procspawn_shmem_new(procspawn_shmem_data(given), procspawn_shmem_size(given), &made) < 0)
        return NULL;
    procspawn_shmem_unref(given);
    return procspawn_value_shmem_take(made);
}

/* Reads from the descriptor of its argument, and returns a pipe that has the same in it. */
static json_t *hands_on_what_it_reads(json_t *argument)
{
    char text[64];
    int fd, ends[2];

    if (procspawn_value_claim_fd(argument, &fd) < 0 || pipe(ends) < 0)
        return NULL;
    ssize_t length = read(fd, text, sizeof text);
    if (length < 0 || write(ends[1], text, (size_t)length) != length)
        return NULL;
    close(ends[1]);
    close(fd);
    return procspawn_value_fd_take(ends[0]);
}

static json_t *sends_and_returns_a_channel(json_t *argument)
{
    procspawn_sender *to = NULL, *own = NULL;
    procspawn_receiver *from = NULL;

    if (procspawn_value_claim_sender(argument, &to) < 0 ||
        procspawn_sender_send(to, json_integer(1)) < 0 ||
        procspawn_channel_new(&own, &from) < 0 || procspawn_sender_send(own, json_integer(2)) < 0)
        return NULL;
    procspawn_sender_free(to);
    procspawn_sender_free(own);
    return procspawn_value_receiver_take(from);
}

static void results_of_twenty_megabytes_travel(void)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        sandbox_call((enum sandbox_way)way, is_large, json_null(), &result);
        check_success(&result);
        PROCSPAWN_CUNIT_EQUAL(json_string_length(result.value), LARGE);
        procspawn_result_fini(&result);
    }
}

static void bytes_travel(void)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        char *bytes = calloc(1, LARGE);
        sandbox_call((enum sandbox_way)way, doubles_bytes,
                     procspawn_value_bytes_take(bytes, LARGE), &result);
        check_success(&result);
        PROCSPAWN_CUNIT_EQUAL(procspawn_bytes_length(result.value), 2 * (size_t)LARGE);
        procspawn_result_fini(&result);
    }
}

static void buffers_travel(void)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        procspawn_shmem *buffer = NULL, *copy = NULL;
        struct procspawn_result result;
        PROCSPAWN_CUNIT_EQUAL(procspawn_shmem_new("buffer", 7, &buffer), 0);
        sandbox_call((enum sandbox_way)way, copies_a_buffer, procspawn_value_shmem_take(buffer),
                     &result);
        check_success(&result);
        PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_shmem(result.value, &copy), 0);
        CU_ASSERT(copy && strcmp(procspawn_shmem_data(copy), "buffer") == 0);
        procspawn_shmem_unref(copy);
        procspawn_result_fini(&result);
    }
}

static void descriptors_travel(void)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        int fd = -1;
        sandbox_call((enum sandbox_way)way, hands_on_what_it_reads,
                     procspawn_value_fd_take(values_pipe("descriptor")), &result);
        check_success(&result);
        PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_fd(result.value, &fd), 0);
        CU_ASSERT(values_reads(fd, "descriptor"));
        procspawn_result_fini(&result);
        close(fd);
    }
}

static void check_next(procspawn_receiver *from, json_int_t wanted)
{
    json_t *value = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_receiver_recv_timeout(from, 10 * CALLS_SECOND, &value), 0);
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(value), wanted);
    json_decref(value);
}

static void channels_travel(void)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        procspawn_sender *sender = NULL;
        procspawn_receiver *receiver = NULL, *second = NULL;
        struct procspawn_result result;
        PROCSPAWN_CUNIT_EQUAL(procspawn_channel_new(&sender, &receiver), 0);
        sandbox_call((enum sandbox_way)way, sends_and_returns_a_channel,
                     procspawn_value_sender_take(sender), &result);
        check_success(&result);
        check_next(receiver, 1);
        PROCSPAWN_CUNIT_EQUAL(procspawn_value_claim_receiver(result.value, &second), 0);
        check_next(second, 2);
        procspawn_receiver_free(second);
        procspawn_receiver_free(receiver);
        procspawn_result_fini(&result);
    }
}

/* ---- output and input ---- */

static json_t *prints_what_it_reads(json_t *unused)
{
    char line[64];

    (void)unused;
    if (!fgets(line, sizeof line, stdin))
        return NULL;
    printf("out: %s", line);
    fprintf(stderr, "err: %s", line);
    return json_null();
}

static void output_is_captured_and_input_read(void)
{
    const struct procspawn_call_options options = { .builder = sandbox_builder,
                                                    .capture_limit = 1000, .input = "line\n",
                                                    .input_size = 5 };
    struct procspawn_result result;

    PROCSPAWN_CUNIT_EQUAL(procspawn_call_with(&options, prints_what_it_reads, NULL, &result), 0);
    CU_ASSERT(result.out.size == 10 && memcmp(result.out.data, "out: line\n", 10) == 0);
    CU_ASSERT(result.err.size == 10 && memcmp(result.err.data, "err: line\n", 10) == 0);
    procspawn_result_fini(&result);
}

/* ---- ends ---- */

static void check_end(procspawn_function *function, enum procspawn_error_kind kind,
                      enum procspawn_cause cause)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        sandbox_call((enum sandbox_way)way, function, json_null(), &result);
        PROCSPAWN_CUNIT_EQUAL(result.status, PROCSPAWN_ECALL);
        CU_ASSERT_FATAL(result.error != NULL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_kind(result.error), kind);
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_cause(result.error), cause);
        if (cause != PROCSPAWN_CAUSE_EXIT)
            CU_ASSERT(procspawn_error_frame_count(result.error) > 0);
        procspawn_result_fini(&result);
    }
}

static json_t *panics(json_t *unused)
{
    (void)unused;
    procspawn_panic("on purpose");
}

static json_t *asserts(json_t *unused)
{
    assert(!unused);
    return NULL;
}

static json_t *writes_to_null(json_t *unused)
{
    (void)unused;
    victim_writes_null();
    return NULL;
}

static json_t *overflows(json_t *unused)
{
    (void)unused;
    victim_recurses();
    return NULL;
}

static json_t *leaves(json_t *unused)
{
    (void)unused;
    exit(3);
}

static json_t *aborts(json_t *unused)
{
    (void)unused;
    abort();
}

static void panics_crashes_and_exits_are_told(void)
{
    check_end(panics, PROCSPAWN_ERROR_PANIC, PROCSPAWN_CAUSE_NONE);
    check_end(asserts, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_ASSERT);
    check_end(writes_to_null, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    check_end(overflows, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_STACK_OVERFLOW);
    check_end(aborts, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    check_end(leaves, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
}

static json_t *fails(json_t *unused)
{
    (void)unused;
    return procspawn_fail("no picture");
}

static void failures_keep_the_worker(void)
{
    for (int way = 0; way < SANDBOX_WAYS; way++) {
        struct procspawn_result result;
        sandbox_call((enum sandbox_way)way, fails, json_null(), &result);
        CU_ASSERT_FATAL(result.error != NULL);
        CU_ASSERT(procspawn_error_is_failure(result.error));
        CU_ASSERT_STRING_EQUAL(procspawn_error_message(result.error), "no picture");
        procspawn_result_fini(&result);
    }
}

static void a_run_limit_ends_a_call_with_a_backtrace(void)
{
    procspawn_builder_run_limit(sandbox_builder, 50 * CALLS_MS);
    procspawn_handle *handle = calls_build(sandbox_builder, calls_hang, NULL);
    procspawn_error *error = calls_error(handle);

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_limit(error), PROCSPAWN_LIMIT_RUN);
    CU_ASSERT(procspawn_error_frame_count(error) > 0);
    procspawn_error_free(error);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(results_of_twenty_megabytes_travel),
    TEST(bytes_travel),
    TEST(buffers_travel),
    TEST(descriptors_travel),
    TEST(channels_travel),
    TEST(output_is_captured_and_input_read),
    TEST(panics_crashes_and_exits_are_told),
    TEST(failures_keep_the_worker),
    TEST(a_run_limit_ends_a_call_with_a_backtrace),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SANDBOX_SUITES("values in a sandbox", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
