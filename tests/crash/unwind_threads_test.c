/*
 * unwind_threads_test.c - backtraces of processes with several threads, of hanging ones, and of
 * what is no crash
 */
#include "src/crash/backtrace.h"
#include "src/crash/handler.h"
#include "tests/support/crash_harness.h"
#include "tests/support/crashers.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

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

static void of_a_process_whose_main_thread_has_ended_another_comes_first(void)
{
    pid_t pid = start_spinning(victim_spins_after_main_ended);

    watch_unwind(pid, NULL);
    CU_ASSERT_EQUAL(watch_trace.error, 0);
    CU_ASSERT_EQUAL_FATAL(watch_trace.thread_count, 2);
    CU_ASSERT_EQUAL(watch_trace.thread[0].error, 0);
    EXPECT("victim_spins", "spin_after", "[lib]");
    CU_ASSERT_EQUAL(watch_trace.thread[1].tid, pid);
    CU_ASSERT_EQUAL(watch_trace.thread[1].error, -ESRCH);
    CU_ASSERT_STRING_EQUAL(
        crash__backtrace_string(&watch_trace, watch_trace.thread[1].waits), "has ended");
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

#define TEST(function) {#function, function}

static CU_TestInfo tests[] = {
    TEST(a_crash_in_a_second_thread_comes_first),
    TEST(all_threads_are_shown),
    TEST(a_record_that_names_a_foreign_thread_is_not_believed),
    TEST(two_crashes_at_once_give_one_report),
    TEST(a_raised_failure_is_shown_and_goes_on),
    TEST(a_hanging_process_is_shown_and_stays_stopped),
    TEST(a_grandchilds_crash_is_its_own),
    TEST(a_signal_somebody_sent_ends_the_child_the_same_way),
    TEST(a_stop_by_somebody_else_is_no_crash),
    CU_TEST_INFO_NULL,
};

/* The thread sanitizer defers asynchronous signals until their handlers may crash no more, fails a
 * check of its own when the main thread is joined, and has a heap of its own that checks
 * nothing. */
static CU_TestInfo tests_without_tsan[] = {
    TEST(a_crash_after_the_main_thread_ended_is_shown),
    CU_TEST_INFO_NULL,
};

/* Sanitizers wrap vfork: one keeps the return address out of sight, the other forks instead. */
static CU_TestInfo tests_without_sanitizer[] = {
    TEST(of_a_process_whose_main_thread_has_ended_another_comes_first),
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
