/*
 * frames_test.c - whose the frames of a backtrace are, and which of them are printed
 */
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "tests/support/call_helpers.h"
#include "tests/support/frame.h"
#include "tests/support/report_helpers.h"

#include <assert.h>
#include <errno.h>
#include <forkscope/typed.h>
#include <stdlib.h>
#include <string.h>

/* ---- backtraces made here ---- */

static struct backtrace trace;

static struct backtrace_frame *add(uint64_t ip, const char *module, const char *symbol)
{
    struct backtrace_frame *frame = &trace.frame[trace.frame_count++];

    *frame = (struct backtrace_frame){
        .ip = ip,
        .offset = ip,
        .module = crash__backtrace_intern(&trace, module, 100),
        .symbol = crash__backtrace_intern(&trace, symbol, 100),
        .found = BACKTRACE_CFI,
    };
    trace.thread[trace.thread_count - 1].count++;
    return frame;
}

static void begin_thread(void)
{
    trace.thread[trace.thread_count++] =
        (struct backtrace_thread){ .first = trace.frame_count };
}

static void begin_trace(void)
{
    crash__backtrace_init(&trace);
    begin_thread();
}

static const char *printed(const procspawn_error *error,
                           int print(const procspawn_error *error, FILE *stream))
{
    static char text[65536];

    memset(text, 0, sizeof text);
    FILE *stream = fmemopen(text, sizeof text - 1, "w");
    CU_ASSERT_FATAL(stream != NULL);
    PROCSPAWN_CUNIT_EQUAL(print(error, stream), 0);
    fclose(stream);
    return text;
}

static const char *printed_trace(int print(const procspawn_error *error, FILE *stream))
{
    static char message[] = "it fell";
    procspawn_error error = { .kind = PROCSPAWN_ERROR_REMOTE_CLOSE, .message = message,
                              .trace = &trace };

    return printed(&error, print);
}

static void a_repeated_frame_is_printed_once_and_what_is_cut_is_told(void)
{
    begin_trace();
    add(0x10, "/bin/program", "down");
    for (int i = 1; i < 50; i++)
        add(0x20, "/bin/program", "down");
    add(0x30, "/lib/libc.so.6", "between")->owner = BACKTRACE_SYSTEM;
    add(0x40, "/bin/program", "");
    trace.thread[0].cut = 1234;
    trace.thread[0].cut_at = BACKTRACE_HEAD;
    CU_ASSERT_STRING_EQUAL(printed_trace(procspawn_error_print),
                           "remote_close: it fell\n"
                           "  #0  down (program+0x10)\n"
                           "  #1  down (program+0x20), 47 times\n"
                           "      1234 frames are left out\n"
                           "  #48 down (program+0x20), 2 times\n"
                           "  #51 program+0x40\n");
}

static void threads_that_did_not_fail_are_printed_with_all_only(void)
{
    begin_trace();
    add(0, "", "");
    add(0x10, "/bin/program", "work")->symbol_offset = 2;
    add(0x20, "/lib/libforkscope.so.0", "run")->owner = BACKTRACE_LIBRARY;
    begin_thread();
    add(0x30, "/bin/program", "wait");
    trace.frame[trace.frame_count - 1].found = BACKTRACE_SCAN;
    trace.thread[1].tid = 4712;
    trace.thread[1].name = crash__backtrace_intern(&trace, "loader", 100);
    trace.thread[1].waits = crash__backtrace_intern(&trace, "in poll(NULL, 0, -1)", 100);
    trace.thread[trace.thread_count++] = (struct backtrace_thread){ .first = 3, .count = 1 };
    trace.threads_cut = 3;
    trace.error = -ETIMEDOUT;
    CU_ASSERT_STRING_EQUAL(printed_trace(procspawn_error_print),
                           "remote_close: it fell\n"
                           "  #0  0x0\n"
                           "  #1  work (program+0x10)\n"
                           "  3 more threads are left out\n"
                           "  report incomplete: there was no time for more\n");
    CU_ASSERT_STRING_EQUAL(printed_trace(procspawn_error_print_all),
                           "remote_close: it fell\n"
                           "  thread 0: 0 ()\n"
                           "  #0  0x0000000000000000\n"
                           "  #1  0x0000000000000010 work+0x2 (/bin/program+0x10)\n"
                           "  #2  0x0000000000000020 run+0x0 (/lib/libforkscope.so.0+0x20)\n"
                           "  thread 1: 4712 (loader) in poll(NULL, 0, -1)\n"
                           "  thread 2: 0 ()\n"
                           "  #3  0x0000000000000030 wait+0x0 (/bin/program+0x30) ?\n"
                           "  3 more threads are left out\n"
                           "  report incomplete: there was no time for more\n");
}

static void without_a_frame_of_the_program_those_of_the_thread_are_printed(void)
{
    begin_trace();
    add(0x10, "/lib/libc.so.6", "abort")->owner = BACKTRACE_SYSTEM;
    add(0x20, "/lib/libforkscope.so.0", "run")->owner = BACKTRACE_LIBRARY;
    begin_thread();
    add(0x30, "/bin/program", "wait");
    CU_ASSERT_STRING_EQUAL(printed_trace(procspawn_error_print),
                           "remote_close: it fell\n"
                           "  #0  abort (libc.so.6+0x10)\n"
                           "  #1  run (libforkscope.so.0+0x20)\n");
}

static void why_there_is_no_report_has_a_line_of_its_own(void)
{
    static char message[] = "it fell";
    procspawn_error error = { .kind = PROCSPAWN_ERROR_REMOTE_CLOSE, .message = message,
                              .unexamined = true };

    CU_ASSERT_PTR_EQUAL(strstr(printed(&error, procspawn_error_print),
                               "remote_close: it fell\n  no report: its crash handler did not run"),
                        printed(&error, procspawn_error_print));
}

/* ---- backtraces of calls ---- */

static const char *second_line(const char *text)
{
    const char *end = strchr(text, '\n');
    return end ? end + 1 : "";
}

/* The functions that are printed, with a space behind each; lines of source are none. */
static void check_shown(procspawn_error *error, const char *wanted)
{
    char shown[1024] = "";
    const char *text = printed(error, procspawn_error_print);

    for (const char *line = second_line(text); *line; line = second_line(line)) {
        char number[16], name[256];
        if (strncmp(line, "  #", 3) != 0)
            continue;
        CU_ASSERT_FATAL(sscanf(line, " %15s %255s", number, name) == 2);
        strcat(strcat(shown, name), " ");
    }
    CU_ASSERT_STRING_EQUAL(shown, wanted);
    if (strcmp(shown, wanted) != 0)
        procspawn_error_print_all(error, stderr);
    procspawn_error_free(error);
}

FRAME json_t *frames_refuse(json_t *argument);
FRAME json_t *frames_assert(json_t *argument);

FRAME json_t *frames_refuse(json_t *argument)
{
    procspawn_panic("%s", argument ? "something" : "nothing");
}

FRAME json_t *frames_assert(json_t *argument)
{
    static volatile int two = 2;
    assert(two == 3);
    return argument;
}

static procspawn_error *error_of(procspawn_function *function)
{
    procspawn_builder *builder = procspawn_builder_new();
    procspawn_builder_stderr(builder, PROCSPAWN_STDIO_NULL, -1);
    procspawn_error *error = report_error(builder, function, NULL);
    procspawn_builder_free(builder);
    return error;
}

static void a_crash_a_panic_and_an_assert_show_the_programs_frames(void)
{
    check_shown(error_of(report_crashes), "report_write_nowhere report_crashes ");
    check_shown(error_of(frames_refuse), "frames_refuse ");
    check_shown(error_of(frames_assert), "frames_assert ");
}

static void a_stack_overflow_shows_both_ends_in_few_lines(void)
{
    procspawn_error *error = error_of(report_overflows);
    const char *text = printed(error, procspawn_error_print);
    size_t lines = 0;

    for (const char *line = text; *line; line = second_line(line))
        lines += strncmp(line, "       ", 7) != 0;    /* no source */
    CU_ASSERT(lines >= 4 && lines <= 7);
    CU_ASSERT(strstr(text, " report_overflows ") != NULL && strstr(text, " main ") == NULL);
    CU_ASSERT(strstr(text, " times\n") != NULL && strstr(text, " frames are left out\n") != NULL);
    procspawn_error_free(error);
}

PROCSPAWN_DEFINE_STATIC(frames_typed, int, (int, number))
{
    if (number > 0)
        procspawn_panic("a number: %d", number);
    return number;
}

static void a_typed_function_is_shown_and_its_entry_is_not(void)
{
    procspawn_error *error = NULL;
    int result;

    PROCSPAWN_CUNIT_EQUAL(frames_typed_call(7, &result, &error), PROCSPAWN_ECALL);
    CU_ASSERT_FATAL(error != NULL);
    CU_ASSERT(report_has_symbol(error, "procspawn__entry_frames_typed"));
    check_shown(error, "frames_typed ");
}

static int fail_in_a_hook(void *unused)
{
    (void)unused;
    report_write_nowhere();
    return 0;
}

static void a_hook_is_shown_and_what_calls_it_is_not(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_hook(builder, fail_in_a_hook, NULL);
    check_shown(report_error(builder, calls_echo, NULL), "report_write_nowhere fail_in_a_hook ");
    procspawn_builder_free(builder);
}

static void json_names_the_owner_of_each_frame(void)
{
    procspawn_error *error = error_of(report_crashes);
    json_t *object = procspawn_error_json(error);
    const json_t *frames = json_object_get(object, "frames"), *frame;
    size_t index, of_program = 0, of_library = 0, of_system = 0;

    json_array_foreach(frames, index, frame) {
        const char *owner = json_string_value(json_object_get(frame, "owner"));
        CU_ASSERT_FATAL(owner != NULL);
        of_program += strcmp(owner, "program") == 0;
        of_library += strcmp(owner, "library") == 0;
        of_system += strcmp(owner, "system") == 0;
    }
    PROCSPAWN_CUNIT_EQUAL(of_program, 2);
    CU_ASSERT(of_library > 2 && of_system > 0);
    PROCSPAWN_CUNIT_EQUAL(of_program + of_library + of_system,
                          procspawn_error_frame_count(error));
    json_decref(object);
    procspawn_error_free(error);
}

#define TEST(name) { #name, name }

static CU_TestInfo made_tests[] = {
    TEST(a_repeated_frame_is_printed_once_and_what_is_cut_is_told),
    TEST(threads_that_did_not_fail_are_printed_with_all_only),
    TEST(without_a_frame_of_the_program_those_of_the_thread_are_printed),
    TEST(why_there_is_no_report_has_a_line_of_its_own),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo call_tests[] = {
    TEST(a_crash_a_panic_and_an_assert_show_the_programs_frames),
    TEST(a_stack_overflow_shows_both_ends_in_few_lines),
    TEST(a_typed_function_is_shown_and_its_entry_is_not),
    TEST(a_hook_is_shown_and_what_calls_it_is_not),
    TEST(json_names_the_owner_of_each_frame),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "made_frames", .pTests = made_tests },
    CALLS_SUITE("frames_of_calls", call_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
