/*
 * printed_test.c - what a process printed last to stderr is told with its end, where stderr is the
 * library's; bytes of any kind, and pipes that are held, harm nobody
 */
#include "tests/support/call_helpers.h"
#include "tests/support/output_helpers.h"
#include "tests/support/report_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/call.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/scope.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT = 4096 };

/* ---- functions ---- */

static void say(json_t *argument)
{
    fprintf(stderr, "%s", json_string_value(argument));
}

static json_t *says_and_crashes(json_t *argument)
{
    say(argument);
    return report_crashes(argument);
}

static json_t *says_and_exits(json_t *argument)
{
    say(argument);
    exit(3);
}

static json_t *says_and_panics(json_t *argument)
{
    say(argument);
    procspawn_panic("no more");
}

static json_t *says_and_hangs(json_t *argument)
{
    say(argument);
    for (;;)
        poll(NULL, 0, -1);
    return argument;
}

static json_t *says_and_fails(json_t *argument)
{
    say(argument);
    return procspawn_fail("this is expected");
}

/* More than is kept, and less than a pipe holds: lines "line 0000" and so on. */
static json_t *says_much(json_t *count)
{
    for (int i = 0; i < json_integer_value(count); i++)
        fprintf(stderr, "line %04d\n", i);
    return report_crashes(count);
}

/* NUL, escapes, bytes that are no UTF-8, a character, and the first byte of another. */
static json_t *says_bytes(json_t *argument)
{
    static const char bytes[] = "a\0b\033[2J\xff\xc3\xa4\t\xe2\x82\xac\xc2\x9b\n\xe2";

    write(STDERR_FILENO, bytes, sizeof bytes - 1);
    return report_crashes(argument);
}

/* Only rests of characters, more than are kept: what is told begins and ends in the middle. */
static json_t *says_rests(json_t *argument)
{
    for (int i = 0; i < 5000; i++)
        write(STDERR_FILENO, "\xe2\x82\xac", 3);
    return report_crashes(argument);
}

/* ---- calls ---- */

static procspawn_builder *captures(size_t limit, bool merged)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_capture(builder, limit, merged);
    return builder;
}

static procspawn_builder *pipes(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_PIPE, -1);
    return builder;
}

/* Frees the builder and takes the argument. */
static procspawn_error *error_with(procspawn_builder *builder, procspawn_function *function,
                                   json_t *argument)
{
    procspawn_error *error = report_error(builder, function, argument);

    procspawn_builder_free(builder);
    return error;
}

/* The handle stays. */
static procspawn_error *join(procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    return error;
}

static void check_text(procspawn_error *error, const char *text)
{
    const char *printed = procspawn_error_stderr(error);

    CU_ASSERT(text ? printed && strcmp(printed, text) == 0 : printed == NULL);
    procspawn_error_free(error);
}

static void check_captured(procspawn_function *function)
{
    check_text(error_with(captures(OUTPUT_LIMIT, false), function, json_string("said\n")),
               "said\n");
}

/* ---- captured output ---- */

static void captured_stderr_is_told_with_every_end_of_a_process(void)
{
    procspawn_builder *builder = captures(OUTPUT_LIMIT, false);

    check_captured(says_and_crashes);
    check_captured(says_and_exits);
    check_captured(says_and_panics);
    procspawn_builder_run_limit(builder, CALLS_SECOND / 5);
    check_text(error_with(builder, says_and_hangs, json_string("said\n")), "said\n");
}

static void a_failure_that_the_function_reports_does_not_tell_it(void)
{
    check_text(error_with(captures(OUTPUT_LIMIT, false), says_and_fails, json_string("said\n")),
               NULL);
}

static void nothing_is_told_of_a_process_that_prints_nothing(void)
{
    check_text(error_with(captures(OUTPUT_LIMIT, false), report_crashes, NULL), NULL);
    check_text(error_with(pipes(), report_crashes, NULL), NULL);
}

static void of_merged_streams_both_are_told(void)
{
    procspawn_error *error = error_with(captures(OUTPUT_LIMIT, true), says_and_crashes,
                                        json_string("said\n"));

    check_text(error, "said\n");
}

static void check_last_lines(procspawn_error *error, int count, size_t size)
{
    const char *printed = procspawn_error_stderr(error);
    char last[32];

    snprintf(last, sizeof last, "line %04d\n", count - 1);
    CU_ASSERT_FATAL(printed != NULL);
    PROCSPAWN_CUNIT_EQUAL((long)strlen(printed), (long)size);
    CU_ASSERT_STRING_EQUAL(printed + strlen(printed) - strlen(last), last);
    procspawn_error_free(error);
}

static void of_much_the_last_bytes_are_told(void)
{
    check_last_lines(error_with(captures(OUTPUT_LIMIT, false), says_much, json_integer(2000)),
                     2000, KEPT);
    check_last_lines(error_with(captures(1 << 20, false), says_much, json_integer(9000)), 9000,
                     KEPT);
    check_last_lines(error_with(pipes(), says_much, json_integer(2000)), 2000, KEPT);
}

/* Without a gap: where the middle is missing, what follows it. */
static void of_a_small_capture_the_end_is_told(void)
{
    check_last_lines(error_with(captures(100, false), says_much, json_integer(1000)), 1000, 50);
    check_last_lines(error_with(captures(100, false), says_much, json_integer(10)), 10, 100);
}

static void the_capture_itself_loses_nothing(void)
{
    procspawn_handle *handle = output_start(OUTPUT_LIMIT, false, says_and_crashes,
                                            json_string("said\n"));

    check_text(join(handle), "said\n");
    CU_ASSERT_STRING_EQUAL(output_of_stderr(handle).data, "said\n");
    procspawn_handle_free(handle);
}

/* ---- pipes ---- */

static void what_is_unread_in_a_pipe_is_told_and_stays_there(void)
{
    procspawn_builder *builder = pipes();
    procspawn_handle *handle = calls_build(builder, says_and_crashes, json_string("said\n"));
    char bytes[16] = "";

    procspawn_builder_free(builder);
    check_text(join(handle), "said\n");
    PROCSPAWN_CUNIT_EQUAL(read(procspawn_stderr(handle), bytes, sizeof bytes), 5);
    CU_ASSERT(memcmp(bytes, "said\n", 5) == 0);
    PROCSPAWN_CUNIT_EQUAL(read(procspawn_stderr(handle), bytes, sizeof bytes), 0);
    procspawn_handle_free(handle);
}

static void of_a_pipe_panics_and_time_limits_are_told_too(void)
{
    procspawn_builder *builder = pipes();

    check_text(error_with(pipes(), says_and_panics, json_string("said\n")), "said\n");
    procspawn_builder_run_limit(builder, CALLS_SECOND / 5);
    check_text(error_with(builder, says_and_hangs, json_string("said\n")), "said\n");
}

static void a_pipe_of_the_program_itself_is_not_told(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    char bytes[16];
    int ends[2];

    CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC) == 0);
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_FD, ends[1]);
    check_text(error_with(builder, says_and_crashes, json_string("said\n")), NULL);
    PROCSPAWN_CUNIT_EQUAL(read(ends[0], bytes, sizeof bytes), 5);
    close(ends[0]);
    close(ends[1]);
}

/* ---- bytes of any kind ---- */

static void check_bytes(procspawn_error *error)
{
    json_t *object = procspawn_error_json(error);
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "stderr")),
                           "a?b?[2J?\xc3\xa4\t\xe2\x82\xac??\n?");
    procspawn_error_print(error, stream);
    fclose(stream);
    CU_ASSERT(strstr(text, "\n  stderr:\n  | a?b?[2J?\xc3\xa4\\t\xe2\x82\xac??\n  | ?\n") != NULL);
    free(text);
    json_decref(object);
    check_text(error, "a?b?[2J?\xc3\xa4\t\xe2\x82\xac??\n?");
}

static void bytes_that_are_no_text_become_a_text(void)
{
    check_bytes(error_with(captures(OUTPUT_LIMIT, false), says_bytes, NULL));
    check_bytes(error_with(pipes(), says_bytes, NULL));
}

static void check_rests(procspawn_error *error)
{
    const char *printed = procspawn_error_stderr(error);

    CU_ASSERT_FATAL(printed != NULL);
    CU_ASSERT(strncmp(printed, "\xe2\x82\xac", 3) == 0);
    CU_ASSERT(strchr(printed, '?') == NULL);
    procspawn_error_free(error);
}

static void a_text_does_not_begin_within_a_character(void)
{
    check_rests(error_with(captures(OUTPUT_LIMIT, false), says_rests, NULL));
    check_rests(error_with(pipes(), says_rests, NULL));
}

/* ---- other kinds of calls ---- */

static void a_call_of_a_pool_and_one_of_a_scope_tell_it(void)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(1);
    procspawn_builder *capturing = captures(OUTPUT_LIMIT, false);
    procspawn_pool *pool = NULL;
    procspawn_handle *handle = NULL;
    scoped_spawner root;

    procspawn_builder_capture(procspawn_pool_builder_process(builder), OUTPUT_LIMIT, false);
    CU_ASSERT_FATAL(procspawn_pool_builder_build(builder, &pool) == 0);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, says_and_crashes, json_string("said\n"),
                                         &handle) == 0);
    check_text(join(handle), "said\n");
    procspawn_handle_free(handle);
    procspawn_pool_free(pool);
    procspawn_pool_builder_free(builder);
    CU_ASSERT_FATAL(scoped_spawner_open(scoped_thread_executor(), &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, capturing, says_and_crashes, json_string("said\n"),
                                     &handle) == 0);
    check_text(join(handle), "said\n");
    procspawn_handle_free(handle);
    procspawn_builder_free(capturing);
    scoped_close(root, SCOPED_FOREVER, NULL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(captured_stderr_is_told_with_every_end_of_a_process),
    TEST(a_failure_that_the_function_reports_does_not_tell_it),
    TEST(nothing_is_told_of_a_process_that_prints_nothing),
    TEST(of_merged_streams_both_are_told),
    TEST(of_much_the_last_bytes_are_told),
    TEST(of_a_small_capture_the_end_is_told),
    TEST(the_capture_itself_loses_nothing),
    TEST(what_is_unread_in_a_pipe_is_told_and_stays_there),
    TEST(of_a_pipe_panics_and_time_limits_are_told_too),
    TEST(a_pipe_of_the_program_itself_is_not_told),
    TEST(bytes_that_are_no_text_become_a_text),
    TEST(a_text_does_not_begin_within_a_character),
    TEST(a_call_of_a_pool_and_one_of_a_scope_tell_it),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "printed", .pSetUpFunc = output_begin, .pTearDownFunc = calls_end,
      .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
