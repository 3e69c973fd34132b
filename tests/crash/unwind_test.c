/*
 * unwind_test.c - backtraces of crashing and hanging processes, frame by frame
 */
#include "src/crash/handler.h"
#include "src/crash/walk.h"
#include "src/crash/backtrace.h"
#include "src/crash/machine.h"
#include "src/crash/modules.h"
#include "src/crash/remote_memory.h"
#include "tests/support/crashers.h"
#include "tests/support/crash_harness.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void a_crash_in_a_second_thread_comes_first(void)
{
    watch_crash(victim_crashes_in_a_thread, SIGSEGV);
    CU_ASSERT_EQUAL_FATAL(watch_trace.thread_count, 2 + watch_hidden_threads());
    CU_ASSERT_NOT_EQUAL(watch_trace.thread[0].tid, watch_trace.pid);
    EXPECT("write_through", "crash_in_thread", "[lib]");
    CU_ASSERT_EQUAL(watch_trace.thread[1].tid, watch_trace.pid);
    EXPECT_THREAD(1, "[lib]", "victim_crashes_in_a_thread", "in_child", "watch_start");
}

static void all_threads_are_shown(void)
{
    watch_crash(victim_crashes_among_threads, SIGSEGV);
    CU_ASSERT_EQUAL_FATAL(watch_trace.thread_count, VICTIM_THREADS + 1 + watch_hidden_threads());
    EXPECT("write_through", "victim_crashes_among_threads", "in_child", "watch_start");
    for (size_t i = 1 + watch_hidden_threads(); i < watch_trace.thread_count; i++) {
        CU_ASSERT_EQUAL(watch_trace.thread[i].error, 0);
        EXPECT_THREAD(i, "[lib]", "wait_in_thread", "[lib]");
    }
    CU_ASSERT_EQUAL(watch_trace.threads_cut, 0);
}

static void a_crash_after_the_main_thread_ended_is_shown(void)
{
    watch_crash(victim_crashes_after_main_ended, SIGSEGV);
    EXPECT("write_through", "crash_after", "[lib]");
    CU_ASSERT_EQUAL_FATAL(watch_trace.thread_count, 2);
    CU_ASSERT_EQUAL(watch_trace.thread[1].tid, watch_trace.pid);
    CU_ASSERT_EQUAL(watch_trace.thread[1].error, -ESRCH);
}

/* What a child writes in its record must not make us stop a process that is not its own. */
static void a_record_that_names_a_foreign_thread_is_not_believed(void)
{
    struct crash_record record;
    pid_t bystander = watch_start(victim_spins), pid = watch_start(victim_writes_null);

    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &watch_status, WUNTRACED), pid);
    CU_ASSERT_EQUAL_FATAL(crash__read(pid, &record), 0);
    record.tid = bystander;
    watch_unwind(pid, &record);
    CU_ASSERT_EQUAL_FATAL(watch_trace.thread_count, 1 + watch_hidden_threads());
    CU_ASSERT_EQUAL(watch_trace.thread[0].tid, pid);
    kill(pid, SIGKILL);
    waitpid(pid, &watch_status, 0);
    kill(bystander, SIGKILL);
    waitpid(bystander, &watch_status, 0);
}

static void two_crashes_at_once_give_one_report(void)
{
    for (int i = 0; i < 20; i++) {
        watch_crash(victim_crashes_in_two_threads, SIGSEGV);
        EXPECT("write_through", "crash_together");
    }
}

static void a_raised_failure_is_shown_and_goes_on(void)
{
    watch_run(victim_raises);
    CU_ASSERT_TRUE_FATAL(watch_stopped);
    CU_ASSERT_EQUAL(watch_trace.cause, BACKTRACE_RAISED);
    CU_ASSERT_EQUAL(watch_trace.signo, 0);
    EXPECT("crash__raise", "victim_raises", "in_child", "watch_start");
    CU_ASSERT_TRUE(WIFEXITED(watch_status) && WEXITSTATUS(watch_status) == VICTIM_RAISED);
}

static pid_t start_spinning(void (*victim)(void))
{
    pid_t pid;

    victim_rounds = mmap(NULL, sizeof *victim_rounds, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_PTR_NOT_EQUAL_FATAL((void *)victim_rounds, MAP_FAILED);
    pid = watch_start(victim);
    while (*victim_rounds == 0)
        sched_yield();
    return pid;
}

static void end_spinning(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, &watch_status, 0);
    munmap((void *)victim_rounds, sizeof *victim_rounds);
    victim_rounds = NULL;
}

static void a_hanging_process_is_shown_and_stays_stopped(void)
{
    pid_t pid = start_spinning(victim_spins);

    watch_unwind(pid, NULL);
    CU_ASSERT_EQUAL(watch_trace.cause, BACKTRACE_HANG);
    EXPECT("victim_spins", "in_child", "watch_start");
    CU_ASSERT_EQUAL(waitpid(pid, &watch_status, WUNTRACED), pid);
    CU_ASSERT(WIFSTOPPED(watch_status));
    CU_ASSERT_EQUAL(kill(pid, SIGCONT), 0);
    for (long before = *victim_rounds; *victim_rounds == before;)
        sched_yield();
    end_spinning(pid);
}

/*
 * The caller of a function without a frame is on the stack, or in a register, which cannot be read
 * from a thread that does not stop.
 */
#if defined(__x86_64__)
#define CALLER_OF_VFORK "victim_waits_for_vfork",
#else
#define CALLER_OF_VFORK
#endif

/* The kernel does not stop such a thread; what it shows of it leads to a guess at the callers. */
static void a_thread_that_cannot_stop_shows_where_it_waits(void)
{
    pid_t pid = start_spinning(victim_waits_for_vfork);

    watch_limit = 400000000;
    watch_unwind(pid, NULL);
    watch_limit = 10000000000;
    CU_ASSERT_EQUAL(watch_trace.error, -ETIMEDOUT);
    CU_ASSERT_EQUAL(watch_trace.thread[0].error, -ETIMEDOUT);
    EXPECT("[lib]", CALLER_OF_VFORK "in_child", "watch_start");
    kill(-pid, SIGKILL);
    end_spinning(pid);
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

static void a_grandchilds_crash_is_its_own(void)
{
    watch_run(victim_has_a_crashing_child);
    CU_ASSERT_FALSE(watch_stopped);
    CU_ASSERT_TRUE(WIFEXITED(watch_status) && WEXITSTATUS(watch_status) == SIGSEGV);
}

static void a_signal_somebody_sent_ends_the_child_the_same_way(void)
{
    watch_crash(victim_kills_itself, SIGSEGV);
    EXPECT("[lib]", "victim_kills_itself", "in_child", "watch_start");
    CU_ASSERT_EQUAL(watch_trace.address, 0);
}

static void a_stop_by_somebody_else_is_no_crash(void)
{
    struct crash_record record;
    pid_t pid = watch_start(victim_spins);

    kill(pid, SIGSTOP);
    CU_ASSERT_EQUAL(waitpid(pid, &watch_status, WUNTRACED), pid);
    CU_ASSERT_EQUAL(crash__read(pid, &record), -ENOENT);
    kill(pid, SIGKILL);
    waitpid(pid, &watch_status, 0);
}

static void a_refused_look_still_names_the_function(void)
{
    watch_uid = 65534;
    watch_run(victim_writes_null);
    watch_uid = 0;
    CU_ASSERT_TRUE_FATAL(watch_stopped);
    CU_ASSERT_EQUAL(watch_trace.error, -EPERM);
    CU_ASSERT_EQUAL(watch_trace.signo, SIGSEGV);
    EXPECT("write_through");
    CU_ASSERT_EQUAL(watch_trace.thread[0].count, 1);
}

/* The helper only reads: whatever it reads, it comes to an end, and the youngest frame is true. */
static void a_shredded_stack_still_names_the_function(void)
{
    for (victim_seed = 1; victim_seed <= 50; victim_seed++) {
        watch_crash(victim_shreds_its_stack, SIGSEGV);
        EXPECT("write_through");
    }
}

/* The information may come from the process's own memory. */
static void information_without_an_end_is_left_alone(void)
{
    watch_crash(victim_has_endless_information, SIGSEGV);
    EXPECT("endless_information", "victim_has_endless_information", "in_child", "watch_start");
    CU_ASSERT_EQUAL(watch_trace.thread[0].error, 0);
}

static void a_stack_that_leads_back_to_itself_comes_to_an_end(void)
{
    watch_crash(victim_returns_to_its_signal_for_ever, SIGSEGV);
    EXPECT("write_through", "on_usr2");
    CU_ASSERT_EQUAL(watch_trace.thread[0].error, -ELOOP);
    CU_ASSERT_TRUE(watch_trace.thread[0].count < BACKTRACE_FRAMES);
}

/* As where libunwind is missing: its steps left out, the other rules find the same frames. */
static void walk_without_cfi(void (*victim)(void))
{
    static struct memory memory;
    static struct stack stack;
    struct crash_record record;
    struct modules modules;
    struct walk walk = {.memory = &memory, .modules = &modules, .deadline = INT64_MAX};
    pid_t pid = watch_start(victim);
    int maps;

    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &watch_status, WUNTRACED), pid);
    CU_ASSERT_EQUAL_FATAL(crash__read(pid, &record), 0);
    watch_unwind(pid, &record);
    crash__memory_open(&memory, pid);
    maps = crash__mappings_open(pid);
    CU_ASSERT_EQUAL_FATAL(crash__mappings_read(&modules.mappings, maps), 0);
    CU_ASSERT_EQUAL_FATAL(crash__modules_find(&modules, &memory, NULL), 0);
    crash__walk(&walk, &record.registers, &stack);
    crash__memory_close(&memory);
    close(maps);
    CU_ASSERT_TRUE_FATAL(stack.count > 4);
    for (size_t i = 1; i < 4; i++) {
        CU_ASSERT_EQUAL(stack.step[i].registers.value[MACHINE_PC], watch_frames(0)[i].ip);
        CU_ASSERT_TRUE(stack.step[i].found == BACKTRACE_FP ||
                       (i == 1 && stack.step[i].found == BACKTRACE_RETURN));
    }
    crash__modules_free(&modules);
    kill(pid, SIGKILL);
    waitpid(pid, &watch_status, 0);
}

static void frame_pointers_lead_as_far(void)
{
    walk_without_cfi(victim_writes_null);
    EXPECT("write_through", "victim_writes_null", "in_child", "watch_start");
}

static void a_saved_return_address_is_no_second_caller(void)
{
    walk_without_cfi(victim_writes_before_it_calls);
    EXPECT("victim_writes_before_it_calls", "in_child", "watch_start");
}

static void a_process_that_is_gone_is_an_error(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    watch_unwind(pid, NULL);
    CU_ASSERT_EQUAL(watch_trace.error, -ESRCH);
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
    TEST(a_crash_in_a_second_thread_comes_first),
    TEST(all_threads_are_shown),
    TEST(a_record_that_names_a_foreign_thread_is_not_believed),
    TEST(two_crashes_at_once_give_one_report),
    TEST(a_raised_failure_is_shown_and_goes_on),
    TEST(a_hanging_process_is_shown_and_stays_stopped),
    TEST(a_crash_that_holds_the_loaders_lock_is_shown),
    TEST(a_grandchilds_crash_is_its_own),
    TEST(a_signal_somebody_sent_ends_the_child_the_same_way),
    TEST(a_stop_by_somebody_else_is_no_crash),
    TEST(a_refused_look_still_names_the_function),
    TEST(a_shredded_stack_still_names_the_function),
    TEST(information_without_an_end_is_left_alone),
    TEST(a_stack_that_leads_back_to_itself_comes_to_an_end),
    TEST(frame_pointers_lead_as_far),
    TEST(a_saved_return_address_is_no_second_caller),
    TEST(a_process_that_is_gone_is_an_error),
    TEST(two_hundred_crashes_in_a_row_are_all_shown),
    CU_TEST_INFO_NULL,
};

/* The thread sanitizer defers asynchronous signals until their handlers may crash no more, fails a
 * check of its own when the main thread is joined, and has a heap of its own that checks
 * nothing. */
static CU_TestInfo tests_without_tsan[] = {
    TEST(a_crash_in_a_signal_handler_shows_what_it_interrupted),
    TEST(a_crash_after_the_main_thread_ended_is_shown),
    TEST(a_broken_heap_is_shown),
    CU_TEST_INFO_NULL,
};

/* Sanitizers wrap vfork: one keeps the return address out of sight, the other forks instead. */
static CU_TestInfo tests_without_sanitizer[] = {
    TEST(a_thread_that_cannot_stop_shows_where_it_waits),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {.pName = "unwind", .pTests = tests},
    {.pName = "unwind_without_tsan", .pTests = tests_without_tsan},
    {.pName = "unwind_without_sanitizer", .pTests = tests_without_sanitizer},
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (__tsan_init)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    else if (__asan_init)
        suites[2] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
