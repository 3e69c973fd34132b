/*
 * output_test.c - captured output of calls in processes of their own
 */
#include "tests/support/output_helpers.h"

#include <forkscope/channel.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- what is captured ---- */

static bool ends_with(struct procspawn_output output, const char *text)
{
    size_t length = strlen(text);

    return output.size >= length && strcmp(output.data + output.size - length, text) == 0;
}

static void stdout_and_stderr_of_a_call_are_kept_apart(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, output_say, json_string("this"));

    output_join(handle, 0);
    struct procspawn_output out = output_of_stdout(handle), err = output_of_stderr(handle);
    CU_ASSERT_STRING_EQUAL(out.data, "this");
    CU_ASSERT_STRING_EQUAL(err.data, "not this");
    PROCSPAWN_CUNIT_EQUAL((long)out.total, 4);
    CU_ASSERT(!out.truncated && !err.truncated);
    PROCSPAWN_CUNIT_EQUAL(procspawn_stdout(handle), -1);
    procspawn_handle_free(handle);
}

static void a_call_that_prints_nothing_has_empty_output(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, calls_echo, NULL);

    output_join(handle, 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "");
    PROCSPAWN_CUNIT_EQUAL((long)output_of_stderr(handle).total, 0);
    procspawn_handle_free(handle);
}

static void without_capture_there_is_no_output(void)
{
    struct procspawn_output output;
    procspawn_handle *handle = calls_start(calls_echo, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stdout(handle, &output), -ENODATA);
    PROCSPAWN_CUNIT_EQUAL(procspawn_captured_stderr(handle, &output), -ENODATA);
    output_join(handle, 0);
    procspawn_handle_free(handle);
}

static json_t *say_in_turn(json_t *argument)
{
    for (int i = 0; i < 3; i++) {
        printf("out %d\n", i);
        fprintf(stderr, "err %d\n", i);
    }
    return json_incref(argument);
}

static void merged_streams_keep_the_order_of_printing(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, true, say_in_turn, json_null());

    output_join(handle, 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data,
                           "out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n");
    CU_ASSERT_STRING_EQUAL(output_of_stderr(handle).data, "");
    procspawn_handle_free(handle);
}

static json_t *say_and_wait(json_t *receiver)
{
    procspawn_receiver *gate = NULL;

    if (procspawn_value_claim_receiver(receiver, &gate) < 0)
        return NULL;
    puts("begun");
    json_t *word = NULL;
    procspawn_receiver_recv(gate, &word);
    json_decref(word);
    puts("ended");
    procspawn_receiver_free(gate);
    return json_null();
}

static void it_can_be_read_while_the_call_runs(void)
{
    int64_t deadline = calls_now() + 20 * CALLS_SECOND;
    procspawn_sender *sender;
    procspawn_receiver *receiver;

    CU_ASSERT_FATAL(procspawn_channel_new(&sender, &receiver) == 0);
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, say_and_wait,
                                     procspawn_value_receiver(receiver));
    procspawn_receiver_free(receiver);
    while (output_of_stdout(handle).total == 0 && calls_now() < deadline)
        poll(NULL, 0, 1);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "begun\n");
    PROCSPAWN_CUNIT_EQUAL(procspawn_sender_send(sender, json_null()), 0);
    output_join(handle, 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "begun\nended\n");
    procspawn_sender_free(sender);
    procspawn_handle_free(handle);
}

/* ---- how calls end ---- */

static json_t *say_and_crash(json_t *argument)
{
    for (int i = 0; i < 1000; i++)
        printf("line %d of many\n", i);
    abort();
    return argument;
}

static void the_lines_before_a_crash_are_there(void)
{
    procspawn_handle *handle = output_start(100, false, say_and_crash, NULL);

    output_join(handle, PROCSPAWN_ECALL);
    struct procspawn_output output = output_of_stdout(handle);
    CU_ASSERT(output.truncated);
    CU_ASSERT(strncmp(output.data, "line 0 of many\n", 15) == 0);
    CU_ASSERT(ends_with(output, "line 998 of many\nline 999 of many\n"));
    procspawn_handle_free(handle);
}

static json_t *say_and_fail(json_t *argument)
{
    printf("no line");
    return argument ? NULL : argument;
}

static void a_failed_call_has_its_output(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, say_and_fail, NULL);

    output_join(handle, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "no line");
    procspawn_handle_free(handle);
}

static json_t *say_and_exit(json_t *argument)
{
    printf("no line");
    exit(json_integer_value(argument) == 0);
}

static void a_call_that_exits_has_its_output(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, say_and_exit, NULL);

    output_join(handle, PROCSPAWN_ECALL);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "no line");
    procspawn_handle_free(handle);
}

/* ---- bounds ---- */

/* Returns whether all could be written. */
static json_t *write_much(json_t *count)
{
    char piece[1000];

    memset(piece, 'x', sizeof piece);
    for (json_int_t i = 0; i < json_integer_value(count); i++) {
        if (write(STDOUT_FILENO, piece, sizeof piece) != (ssize_t)sizeof piece)
            return json_false();
    }
    return json_true();
}

/* Nobody reads meanwhile: no thread waits for the call. */
static void a_call_never_waits_for_a_reader(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, write_much, json_integer(5000));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL), 0);
    struct procspawn_output output = output_of_stdout(handle);
    PROCSPAWN_CUNIT_EQUAL((long)output.total, 5000000);
    CU_ASSERT(output.truncated);
    CU_ASSERT(output.size >= OUTPUT_LIMIT && output.size <= OUTPUT_LIMIT + 64);
    CU_ASSERT(strstr(output.data, "[... 4934464 bytes are missing ...]\n") != NULL);
    output_join(handle, 0);
    procspawn_handle_free(handle);
}

static void a_limit_of_one_byte_keeps_the_last_one(void)
{
    procspawn_handle *handle = output_start(1, false, output_say, json_string("abc"));

    output_join(handle, 0);
    CU_ASSERT_STRING_EQUAL(output_of_stdout(handle).data, "[... 2 bytes are missing ...]\nc");
    procspawn_handle_free(handle);
}

static json_t *write_for_ever(json_t *argument)
{
    for (;;)
        json_decref(write_much(json_integer(1000)));
    return argument;
}

static void a_call_that_prints_for_ever_meets_its_limit(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_capture(builder, OUTPUT_LIMIT, false);
    procspawn_builder_total_limit(builder, 300 * CALLS_MS);
    procspawn_handle *handle = calls_build(builder, write_for_ever, NULL);
    procspawn_builder_free(builder);
    while (output_of_stdout(handle).total < 10 * OUTPUT_LIMIT)
        poll(NULL, 0, 1);
    output_join(handle, PROCSPAWN_ECALL);
    struct procspawn_output output = output_of_stdout(handle);
    CU_ASSERT(output.truncated && output.size <= OUTPUT_LIMIT + 64);
    procspawn_handle_free(handle);
}

/* The limit for files is no signal for this program, and no loss for the call. */
static void the_limit_for_files_bounds_it_too(void)
{
    struct rlimit before, small;

    CU_ASSERT_FATAL(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small = (struct rlimit){ 300, before.rlim_max };
    CU_ASSERT_FATAL(setrlimit(RLIMIT_FSIZE, &small) == 0);
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, write_much, json_integer(5));
    CU_ASSERT(setrlimit(RLIMIT_FSIZE, &before) == 0);
    output_join(handle, 0);
    struct procspawn_output output = output_of_stdout(handle);
    CU_ASSERT(output.truncated && output.size < 300);
    PROCSPAWN_CUNIT_EQUAL((long)output.total, 5000);
    procspawn_handle_free(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo output_tests[] = {
    TEST(stdout_and_stderr_of_a_call_are_kept_apart),
    TEST(a_call_that_prints_nothing_has_empty_output),
    TEST(without_capture_there_is_no_output),
    TEST(merged_streams_keep_the_order_of_printing),
    TEST(it_can_be_read_while_the_call_runs),
    TEST(the_lines_before_a_crash_are_there),
    TEST(a_failed_call_has_its_output),
    TEST(a_call_that_exits_has_its_output),
    TEST(a_call_never_waits_for_a_reader),
    TEST(a_limit_of_one_byte_keeps_the_last_one),
    TEST(a_call_that_prints_for_ever_meets_its_limit),
    TEST(the_limit_for_files_bounds_it_too),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "output", .pSetUpFunc = output_begin, .pTearDownFunc = calls_end,
      .pTests = output_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
