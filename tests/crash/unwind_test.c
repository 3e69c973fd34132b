/*
 * unwind_test.c - backtraces of crashes, frame by frame
 */
#include "src/crash/backtrace.h"
#include "tests/support/crash_harness.h"
#include "tests/support/crashers.h"

#include <forkscope/cunit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_write_to_null_shows_its_callers(void)
{
    watch_crash(victim_writes_null, SIGSEGV);
    EXPECT("write_through", "victim_writes_null", "in_child", "watch_start");
    CU_ASSERT_EQUAL(watch_trace.address, 0);
    CU_ASSERT_EQUAL(watch_trace.stack_overflow, 0);
    CU_ASSERT_EQUAL(watch_frames(0)[0].found, BACKTRACE_REGISTERS);
    CU_ASSERT_EQUAL(watch_frames(0)[1].found, BACKTRACE_CFI);
    CU_ASSERT_EQUAL(watch_trace.thread_count, 1 + watch_hidden_threads());
    CU_ASSERT_EQUAL(watch_trace.thread[0].tid, watch_trace.pid);
    CU_ASSERT_EQUAL(watch_trace.thread[0].error, 0);
}

static void a_call_of_null_shows_who_called(void)
{
    watch_crash(victim_calls_null, SIGSEGV);
    EXPECT("", "call", "victim_calls_null", "in_child", "watch_start");
    CU_ASSERT_EQUAL(watch_frames(0)[0].ip, 0);
    CU_ASSERT_EQUAL(watch_frames(0)[1].found, BACKTRACE_RETURN);
}

static void a_call_of_data_shows_who_called(void)
{
    watch_crash(victim_calls_data, SIGSEGV);
    EXPECT("", "call", "victim_calls_data", "in_child", "watch_start");
}

static void a_return_to_data_is_seen_past(void)
{
    watch_crash(victim_loses_its_return_address, SIGSEGV);
    EXPECT("", "in_child", "watch_start");
}

static void a_stack_overflow_shows_both_ends(void)
{
    const struct backtrace_frame *frame;
    int old = BACKTRACE_HEAD;

    watch_crash(victim_recurses, SIGSEGV);
    CU_ASSERT_EQUAL(watch_trace.stack_overflow, 1);
    CU_ASSERT_TRUE(watch_trace.thread[0].cut > 1000);
    CU_ASSERT_EQUAL_FATAL(watch_trace.thread[0].count, BACKTRACE_FRAMES);
    frame = watch_frames(0);
    for (int i = 0; i < BACKTRACE_HEAD; i++)
        CU_ASSERT_STRING_EQUAL(watch_text(frame[i].symbol), "recurse");
    while (old < BACKTRACE_FRAMES - 1 && strcmp(watch_text(frame[old].symbol), __func__) != 0)
        old++;
    CU_ASSERT_STRING_EQUAL(watch_text(frame[old].symbol), __func__);
    CU_ASSERT_STRING_EQUAL(watch_text(frame[BACKTRACE_FRAMES - 1].symbol), "_start");
    printf("  overflow: %u frames, %.1f ms\n", watch_trace.thread[0].cut + BACKTRACE_FRAMES,
           (double)watch_ns / 1e6);
    fflush(stdout);
}

static void abort_is_seen_through_the_library(void)
{
    watch_crash(victim_aborts, SIGABRT);
    EXPECT("[lib]", "victim_aborts", "in_child", "watch_start");
    CU_ASSERT_STRING_EQUAL(watch_text(watch_trace.message), "");
}

static void a_failed_assertion_gives_its_text(void)
{
    watch_crash(victim_asserts, SIGABRT);
    EXPECT("[lib]", "victim_asserts", "in_child", "watch_start");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(watch_text(watch_trace.message), "Assertion `2 + 2 == 5 + zero' failed."));
}

/* Elsewhere the quotient is 0. */
#if defined(__x86_64__)
static void a_division_by_zero_is_found(void)
{
    watch_crash(victim_divides, SIGFPE);
    EXPECT("victim_divides", "in_child", "watch_start");
}
#endif

static void a_read_past_a_files_end_is_found(void)
{
    watch_crash(victim_reads_past_the_end, SIGBUS);
    EXPECT("victim_reads_past_the_end", "in_child", "watch_start");
}

static void a_crash_in_memcpy_shows_its_caller(void)
{
    watch_crash(victim_copies_to_null, SIGSEGV);
    EXPECT("[lib]", "victim_copies_to_null", "in_child", "watch_start");
}

static void a_crash_in_strlen_shows_its_caller(void)
{
    watch_crash(victim_measures_null, SIGSEGV);
    EXPECT("[lib]", "victim_measures_null", "in_child", "watch_start");
}

static void a_crash_in_a_callback_shows_both_sides(void)
{
    watch_crash(victim_sorts, SIGSEGV);
    EXPECT("write_through", "compare", "[lib]", "victim_sorts", "in_child", "watch_start");
}

static void a_crash_in_a_signal_handler_shows_what_it_interrupted(void)
{
    watch_crash(victim_crashes_in_a_handler, SIGSEGV);
    EXPECT("write_through", "on_usr1", "[lib]", "victim_crashes_in_a_handler", "in_child",
           "watch_start");
    CU_ASSERT_EQUAL(watch_frames(0)[3].found, BACKTRACE_SIGNAL);
}

/* The address sanitizer has a heap of its own, and sees the overwriting before malloc could; then
 * it exits. */
void __asan_init(void) __attribute__((weak));

static void a_broken_heap_found_by_a_sanitizer_is_shown(void)
{
    watch_run(victim_breaks_the_heap);
    CU_ASSERT_TRUE_FATAL(watch_stopped);
    CU_ASSERT_EQUAL(watch_trace.cause, BACKTRACE_RAISED);
    EXPECT("crash__raise", "[lib]", "victim_breaks_the_heap", "in_child", "watch_start");
    CU_ASSERT_TRUE(WIFEXITED(watch_status));
}

static void a_broken_heap_is_shown(void)
{
    if (__asan_init) {
        a_broken_heap_found_by_a_sanitizer_is_shown();
        return;
    }
    watch_crash(victim_breaks_the_heap, SIGABRT);
    EXPECT("[lib]", "victim_breaks_the_heap", "in_child", "watch_start");
    CU_ASSERT_PTR_NOT_NULL(strstr(watch_text(watch_trace.message), "malloc()"));
}

static void a_crash_that_holds_the_loaders_lock_is_shown(void)
{
    watch_crash(victim_crashes_holding_the_loader, SIGSEGV);
    EXPECT("write_through", "on_module", "[lib]", "victim_crashes_holding_the_loader", "in_child",
           "watch_start");
}

static int by_size(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

    return (a > b) - (a < b);
}

static void time_of(const char *name, void (*victim)(void), int count)
{
    static int64_t times[200];

    for (int i = 0; i < count; i++) {
        watch_crash(victim, SIGSEGV);
        times[i] = watch_ns;
    }
    qsort(times, (size_t)count, sizeof *times, by_size);
    printf("  %s: from the stop to the report %.2f ms (median of %d)\n", name,
           (double)times[count / 2] / 1e6, count);
    fflush(stdout);
}

static void two_hundred_crashes_in_a_row_are_all_shown(void)
{
    time_of("one thread", victim_writes_null, 200);
    time_of("ten threads", victim_crashes_among_threads, 50);
}

#define TEST(function) {#function, function}

static CU_TestInfo tests[] = {
    TEST(a_write_to_null_shows_its_callers),
    TEST(a_call_of_null_shows_who_called),
    TEST(a_call_of_data_shows_who_called),
    TEST(a_return_to_data_is_seen_past),
    TEST(a_stack_overflow_shows_both_ends),
    TEST(abort_is_seen_through_the_library),
    TEST(a_failed_assertion_gives_its_text),
#if defined(__x86_64__)
    TEST(a_division_by_zero_is_found),
#endif
    TEST(a_read_past_a_files_end_is_found),
    TEST(a_crash_in_memcpy_shows_its_caller),
    TEST(a_crash_in_strlen_shows_its_caller),
    TEST(a_crash_in_a_callback_shows_both_sides),
    TEST(a_crash_that_holds_the_loaders_lock_is_shown),
    TEST(two_hundred_crashes_in_a_row_are_all_shown),
    CU_TEST_INFO_NULL,
};

/* The thread sanitizer defers asynchronous signals until their handlers may crash no more, fails a
 * check of its own when the main thread is joined, and has a heap of its own that checks
 * nothing. */
static CU_TestInfo tests_without_tsan[] = {
    TEST(a_crash_in_a_signal_handler_shows_what_it_interrupted),
    TEST(a_broken_heap_is_shown),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {.pName = "unwind", .pTests = tests},
    {.pName = "unwind_without_tsan", .pTests = tests_without_tsan},
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (__tsan_init)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
