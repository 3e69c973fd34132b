#include "forkserver/crash.h"
#include "forkserver/unwind.h"
#include "forkserver/walk.h"
#include "src/base/clock.h"
#include "src/wire/backtrace.h"
#include "tests/victims.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/cunit.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t limit = 10000000000;

/* Of the child that ran last. */
static struct backtrace trace;
static bool stopped;        /* it stopped with a filled record */
static int status;          /* how it ended */
static int64_t report_ns;   /* from the stop to the complete report */

/* NULL without the thread sanitizer. */
void __tsan_init(void) __attribute__((weak));

/* The thread sanitizer runs one of its own beside the main thread. */
static unsigned hidden_threads(void)
{
    return __tsan_init ? 1 : 0;
}

static FRAME void in_child(void (*victim)(void))
{
    const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    forkserver__crash_install(getppid());
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    victim();
    _exit(0);
}

static FRAME pid_t start(void (*victim)(void))
{
    pid_t pid = fork();

    if (pid == 0)
        in_child(victim);
    return pid;
}

static size_t read_to_end(int fd, unsigned char *bytes, size_t room)
{
    size_t size = 0;
    ssize_t got;

    while ((got = read(fd, bytes + size, room - size)) > 0)
        size += (size_t)got;
    return size;
}

static uid_t helper_uid;

static void unwind(pid_t pid, const struct crash_record *record)
{
    static unsigned char bytes[BACKTRACE_BYTES];
    int ends[2], helper_status;
    pid_t helper;
    size_t size;

    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    helper = fork();
    if (helper == 0) {
        if (helper_uid && setuid(helper_uid) != 0)
            _exit(1);
        forkserver__unwind_and_exit(pid, record, limit, ends[1]);
    }
    close(ends[1]);
    size = read_to_end(ends[0], bytes, sizeof bytes);
    close(ends[0]);
    waitpid(helper, &helper_status, 0);
    CU_ASSERT_EQUAL(helper_status, 0);
    CU_ASSERT_EQUAL_FATAL(procspawn__backtrace_decode(bytes, size, &trace), 0);
}

/* Runs a victim to its end, as a server would. */
static void run(void (*victim)(void))
{
    struct crash_record record;
    pid_t pid = start(victim);

    stopped = false;
    while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
        int64_t begin = base__now();

        if (forkserver__crash_read(pid, &record) == 0) {
            CU_ASSERT_FALSE(stopped);
            stopped = true;
            unwind(pid, &record);
        }
        report_ns = base__now() - begin;
        kill(pid, SIGCONT);
    }
}

static const char *text(uint32_t position)
{
    return procspawn__backtrace_string(&trace, position);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static const struct backtrace_frame *frames_of(size_t thread)
{
    return &trace.frame[trace.thread[thread].first];
}

static bool is_library(const struct backtrace_frame *frame)
{
    const char *name = file_name(text(frame->module));

    return strncmp(name, "libc.", 5) == 0 || strstr(name, "san.so") ||
           strstr(text(frame->symbol), "interceptor") ||
           strncmp(text(frame->symbol), "__asan_", 7) == 0 ||
           strncmp(text(frame->symbol), "__tsan_", 7) == 0 || strncmp(name, "ld-linux", 8) == 0 ||
           strcmp(name, "[vdso]") == 0 || strcmp(name, "linux-vdso.so.1") == 0;
}

static void show(size_t thread)
{
    for (uint32_t i = 0; i < trace.thread[thread].count; i++) {
        const struct backtrace_frame *frame = &frames_of(thread)[i];

        printf("  #%u %llx %s %s+%llx (%u)\n", i, (unsigned long long)frame->ip,
               file_name(text(frame->module)), text(frame->symbol),
               (unsigned long long)frame->symbol_offset, frame->found);
    }
}

/* A name stands for one frame, "" for one that has none, "[lib]" for one or more frames in the C
 * library or in a sanitizer that wraps it. */
static bool matches(size_t thread, const char *const *names)
{
    const struct backtrace_frame *frame = frames_of(thread),
                                 *end = frame + trace.thread[thread].count;

    for (; *names; names++) {
        bool library = strcmp(*names, "[lib]") == 0;

        if (frame == end || is_library(frame) != library)
            return false;
        if (!library && strcmp(text(frame->symbol), *names) != 0)
            return false;
        frame++;
        while (library && frame < end && is_library(frame))
            frame++;
    }
    return true;
}

#define EXPECT_THREAD(thread, ...)                                              \
    do {                                                                        \
        static const char *const names[] = {__VA_ARGS__, NULL};                 \
        bool as_expected = matches(thread, names);                              \
        if (!as_expected)                                                       \
            show(thread);                                                       \
        CU_ASSERT_TRUE(as_expected);                                            \
    } while (0)

#define EXPECT(...) EXPECT_THREAD(0, __VA_ARGS__)

static void expect_signal(int signo)
{
    CU_ASSERT_TRUE(stopped);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signo);
    CU_ASSERT_EQUAL(trace.cause, BACKTRACE_CRASH);
    CU_ASSERT_EQUAL(trace.signo, signo);
    CU_ASSERT_EQUAL(trace.error, 0);
}

static void expect_crash(void (*victim)(void), int signo)
{
    run(victim);
    CU_ASSERT_TRUE_FATAL(stopped);
    expect_signal(signo);
}

static void a_write_to_null_shows_its_callers(void)
{
    expect_crash(victim_writes_null, SIGSEGV);
    EXPECT("write_through", "victim_writes_null", "in_child", "start");
    CU_ASSERT_EQUAL(trace.address, 0);
    CU_ASSERT_EQUAL(trace.stack_overflow, 0);
    CU_ASSERT_EQUAL(frames_of(0)[0].found, BACKTRACE_REGISTERS);
    CU_ASSERT_EQUAL(frames_of(0)[1].found, BACKTRACE_CFI);
    CU_ASSERT_EQUAL(trace.thread_count, 1 + hidden_threads());
    CU_ASSERT_EQUAL(trace.thread[0].tid, trace.pid);
    CU_ASSERT_EQUAL(trace.thread[0].error, 0);
}

static void a_call_of_null_shows_who_called(void)
{
    expect_crash(victim_calls_null, SIGSEGV);
    EXPECT("", "call", "victim_calls_null", "in_child", "start");
    CU_ASSERT_EQUAL(frames_of(0)[0].ip, 0);
    CU_ASSERT_EQUAL(frames_of(0)[1].found, BACKTRACE_RETURN);
}

static void a_call_of_data_shows_who_called(void)
{
    expect_crash(victim_calls_data, SIGSEGV);
    EXPECT("", "call", "victim_calls_data", "in_child", "start");
}

static void a_return_to_data_is_seen_past(void)
{
    expect_crash(victim_loses_its_return_address, SIGSEGV);
    EXPECT("", "in_child", "start");
}

static void a_stack_overflow_shows_both_ends(void)
{
    const struct backtrace_frame *frame;
    int old = BACKTRACE_HEAD;

    expect_crash(victim_recurses, SIGSEGV);
    CU_ASSERT_EQUAL(trace.stack_overflow, 1);
    CU_ASSERT_TRUE(trace.thread[0].cut > 1000);
    CU_ASSERT_EQUAL_FATAL(trace.thread[0].count, BACKTRACE_FRAMES);
    frame = frames_of(0);
    for (int i = 0; i < BACKTRACE_HEAD; i++)
        CU_ASSERT_STRING_EQUAL(text(frame[i].symbol), "recurse");
    while (old < BACKTRACE_FRAMES - 1 && strcmp(text(frame[old].symbol), __func__) != 0)
        old++;
    CU_ASSERT_STRING_EQUAL(text(frame[old].symbol), __func__);
    CU_ASSERT_STRING_EQUAL(text(frame[BACKTRACE_FRAMES - 1].symbol), "_start");
    printf("  overflow: %u frames, %.1f ms\n", trace.thread[0].cut + BACKTRACE_FRAMES,
           (double)report_ns / 1e6);
    fflush(stdout);
}

static void abort_is_seen_through_the_library(void)
{
    expect_crash(victim_aborts, SIGABRT);
    EXPECT("[lib]", "victim_aborts", "in_child", "start");
    CU_ASSERT_STRING_EQUAL(text(trace.message), "");
}

static void a_failed_assertion_gives_its_text(void)
{
    expect_crash(victim_asserts, SIGABRT);
    EXPECT("[lib]", "victim_asserts", "in_child", "start");
    CU_ASSERT_PTR_NOT_NULL(strstr(text(trace.message), "Assertion `2 + 2 == 5 + zero' failed."));
}

static void a_division_by_zero_is_found(void)
{
    expect_crash(victim_divides, SIGFPE);
    EXPECT("victim_divides", "in_child", "start");
}

static void a_read_past_a_files_end_is_found(void)
{
    expect_crash(victim_reads_past_the_end, SIGBUS);
    EXPECT("victim_reads_past_the_end", "in_child", "start");
}

static void a_crash_in_memcpy_shows_its_caller(void)
{
    expect_crash(victim_copies_to_null, SIGSEGV);
    EXPECT("[lib]", "victim_copies_to_null", "in_child", "start");
}

static void a_crash_in_strlen_shows_its_caller(void)
{
    expect_crash(victim_measures_null, SIGSEGV);
    EXPECT("[lib]", "victim_measures_null", "in_child", "start");
}

static void a_crash_in_a_callback_shows_both_sides(void)
{
    expect_crash(victim_sorts, SIGSEGV);
    EXPECT("write_through", "compare", "[lib]", "victim_sorts", "in_child", "start");
}

static void a_crash_in_a_signal_handler_shows_what_it_interrupted(void)
{
    expect_crash(victim_crashes_in_a_handler, SIGSEGV);
    EXPECT("write_through", "on_usr1", "[lib]", "victim_crashes_in_a_handler", "in_child", "start");
    CU_ASSERT_EQUAL(frames_of(0)[3].found, BACKTRACE_SIGNAL);
}

static void a_crash_in_a_second_thread_comes_first(void)
{
    expect_crash(victim_crashes_in_a_thread, SIGSEGV);
    CU_ASSERT_EQUAL_FATAL(trace.thread_count, 2 + hidden_threads());
    CU_ASSERT_NOT_EQUAL(trace.thread[0].tid, trace.pid);
    EXPECT("write_through", "crash_in_thread", "[lib]");
    CU_ASSERT_EQUAL(trace.thread[1].tid, trace.pid);
    EXPECT_THREAD(1, "[lib]", "victim_crashes_in_a_thread", "in_child", "start");
}

static void all_threads_are_shown(void)
{
    expect_crash(victim_crashes_among_threads, SIGSEGV);
    CU_ASSERT_EQUAL_FATAL(trace.thread_count, VICTIM_THREADS + 1 + hidden_threads());
    EXPECT("write_through", "victim_crashes_among_threads", "in_child", "start");
    for (size_t i = 1 + hidden_threads(); i < trace.thread_count; i++) {
        CU_ASSERT_EQUAL(trace.thread[i].error, 0);
        EXPECT_THREAD(i, "[lib]", "wait_in_thread", "[lib]");
    }
    CU_ASSERT_EQUAL(trace.threads_cut, 0);
}

static void a_crash_after_the_main_thread_ended_is_shown(void)
{
    expect_crash(victim_crashes_after_main_ended, SIGSEGV);
    EXPECT("write_through", "crash_after", "[lib]");
    CU_ASSERT_EQUAL_FATAL(trace.thread_count, 2);
    CU_ASSERT_EQUAL(trace.thread[1].tid, trace.pid);
    CU_ASSERT_EQUAL(trace.thread[1].error, -ESRCH);
}

/* What a child writes in its record must not make us stop a process that is not its own. */
static void a_record_that_names_a_foreign_thread_is_not_believed(void)
{
    struct crash_record record;
    pid_t bystander = start(victim_spins), pid = start(victim_writes_null);

    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, WUNTRACED), pid);
    CU_ASSERT_EQUAL_FATAL(forkserver__crash_read(pid, &record), 0);
    record.tid = bystander;
    unwind(pid, &record);
    CU_ASSERT_EQUAL_FATAL(trace.thread_count, 1 + hidden_threads());
    CU_ASSERT_EQUAL(trace.thread[0].tid, pid);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    kill(bystander, SIGKILL);
    waitpid(bystander, &status, 0);
}

static void two_crashes_at_once_give_one_report(void)
{
    for (int i = 0; i < 20; i++) {
        expect_crash(victim_crashes_in_two_threads, SIGSEGV);
        EXPECT("write_through", "crash_together");
    }
}

static void a_raised_failure_is_shown_and_goes_on(void)
{
    run(victim_raises);
    CU_ASSERT_TRUE_FATAL(stopped);
    CU_ASSERT_EQUAL(trace.cause, BACKTRACE_RAISED);
    CU_ASSERT_EQUAL(trace.signo, 0);
    EXPECT("forkserver__crash_raise", "victim_raises", "in_child", "start");
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == VICTIM_RAISED);
}

static void a_hanging_process_is_shown_and_runs_on(void)
{
    pid_t pid;

    victim_rounds = mmap(NULL, sizeof *victim_rounds, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_PTR_NOT_EQUAL_FATAL((void *)victim_rounds, MAP_FAILED);
    pid = start(victim_spins);
    while (*victim_rounds == 0)
        sched_yield();
    unwind(pid, NULL);
    CU_ASSERT_EQUAL(trace.cause, BACKTRACE_HANG);
    EXPECT("victim_spins", "in_child", "start");
    CU_ASSERT_EQUAL(waitpid(pid, &status, WNOHANG | WUNTRACED), 0);
    for (long before = *victim_rounds; *victim_rounds == before;)
        sched_yield();
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    munmap((void *)victim_rounds, sizeof *victim_rounds);
    victim_rounds = NULL;
}

/* The address sanitizer has a heap of its own, and sees the overwriting before malloc could; then
 * it exits. */
void __asan_init(void) __attribute__((weak));

static void a_broken_heap_found_by_a_sanitizer_is_shown(void)
{
    run(victim_breaks_the_heap);
    CU_ASSERT_TRUE_FATAL(stopped);
    CU_ASSERT_EQUAL(trace.cause, BACKTRACE_RAISED);
    EXPECT("forkserver__crash_raise", "[lib]", "victim_breaks_the_heap", "in_child", "start");
    CU_ASSERT_TRUE(WIFEXITED(status));
}

static void a_broken_heap_is_shown(void)
{
    if (__asan_init) {
        a_broken_heap_found_by_a_sanitizer_is_shown();
        return;
    }
    expect_crash(victim_breaks_the_heap, SIGABRT);
    EXPECT("[lib]", "victim_breaks_the_heap", "in_child", "start");
    CU_ASSERT_PTR_NOT_NULL(strstr(text(trace.message), "malloc()"));
}

static void a_crash_that_holds_the_loaders_lock_is_shown(void)
{
    expect_crash(victim_crashes_holding_the_loader, SIGSEGV);
    EXPECT("write_through", "on_module", "[lib]", "victim_crashes_holding_the_loader", "in_child",
           "start");
}

static void a_grandchilds_crash_is_its_own(void)
{
    run(victim_has_a_crashing_child);
    CU_ASSERT_FALSE(stopped);
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == SIGSEGV);
}

static void a_signal_somebody_sent_ends_the_child_the_same_way(void)
{
    expect_crash(victim_kills_itself, SIGSEGV);
    EXPECT("[lib]", "victim_kills_itself", "in_child", "start");
    CU_ASSERT_EQUAL(trace.address, 0);
}

static void a_stop_by_somebody_else_is_no_crash(void)
{
    struct crash_record record;
    pid_t pid = start(victim_spins);

    kill(pid, SIGSTOP);
    CU_ASSERT_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
    CU_ASSERT_EQUAL(forkserver__crash_read(pid, &record), -ENOENT);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void a_refused_look_still_names_the_function(void)
{
    helper_uid = 65534;
    run(victim_writes_null);
    helper_uid = 0;
    CU_ASSERT_TRUE_FATAL(stopped);
    CU_ASSERT_EQUAL(trace.error, -EPERM);
    CU_ASSERT_EQUAL(trace.signo, SIGSEGV);
    EXPECT("write_through");
    CU_ASSERT_EQUAL(trace.thread[0].count, 1);
}

/* The helper only reads: whatever it reads, it comes to an end, and the youngest frame is true. */
static void a_shredded_stack_still_names_the_function(void)
{
    for (victim_seed = 1; victim_seed <= 50; victim_seed++) {
        expect_crash(victim_shreds_its_stack, SIGSEGV);
        EXPECT("write_through");
    }
}

/* As where libunwind is missing: its steps left out, the other rules find the same frames. */
static void frame_pointers_lead_as_far(void)
{
    static struct memory memory;
    static struct stack stack;
    struct crash_record record;
    struct modules modules;
    struct walk walk = {.memory = &memory, .modules = &modules, .deadline = INT64_MAX};
    pid_t pid = start(victim_writes_null);

    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, WUNTRACED), pid);
    CU_ASSERT_EQUAL_FATAL(forkserver__crash_read(pid, &record), 0);
    unwind(pid, &record);
    EXPECT("write_through", "victim_writes_null", "in_child", "start");
    forkserver__memory_init(&memory, pid);
    CU_ASSERT_EQUAL_FATAL(forkserver__modules_read(&modules, &memory), 0);
    forkserver__walk(&walk, &record.registers, &stack);
    CU_ASSERT_TRUE_FATAL(stack.count > 4);
    for (size_t i = 1; i < 4; i++) {
        CU_ASSERT_EQUAL(stack.step[i].registers.value[MACHINE_PC], frames_of(0)[i].ip);
        CU_ASSERT_TRUE(stack.step[i].found == BACKTRACE_FP ||
                       (i == 1 && stack.step[i].found == BACKTRACE_RETURN));
    }
    forkserver__modules_free(&modules);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void a_process_that_is_gone_is_an_error(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    unwind(pid, NULL);
    CU_ASSERT_EQUAL(trace.error, -ESRCH);
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
        expect_crash(victim, SIGSEGV);
        times[i] = report_ns;
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
    TEST(a_division_by_zero_is_found),
    TEST(a_read_past_a_files_end_is_found),
    TEST(a_crash_in_memcpy_shows_its_caller),
    TEST(a_crash_in_strlen_shows_its_caller),
    TEST(a_crash_in_a_callback_shows_both_sides),
    TEST(a_crash_in_a_second_thread_comes_first),
    TEST(all_threads_are_shown),
    TEST(a_record_that_names_a_foreign_thread_is_not_believed),
    TEST(two_crashes_at_once_give_one_report),
    TEST(a_raised_failure_is_shown_and_goes_on),
    TEST(a_hanging_process_is_shown_and_runs_on),
    TEST(a_crash_that_holds_the_loaders_lock_is_shown),
    TEST(a_grandchilds_crash_is_its_own),
    TEST(a_signal_somebody_sent_ends_the_child_the_same_way),
    TEST(a_stop_by_somebody_else_is_no_crash),
    TEST(a_refused_look_still_names_the_function),
    TEST(a_shredded_stack_still_names_the_function),
    TEST(frame_pointers_lead_as_far),
    TEST(a_process_that_is_gone_is_an_error),
    TEST(two_hundred_crashes_in_a_row_are_all_shown),
    CU_TEST_INFO_NULL,
};

/* The thread sanitizer defers asynchronous signals until their handlers may crash no more, fails
 * a check of its own when the main thread is joined, and has a heap of its own that checks
 * nothing. */
static CU_TestInfo tests_without_tsan[] = {
    TEST(a_crash_in_a_signal_handler_shows_what_it_interrupted),
    TEST(a_crash_after_the_main_thread_ended_is_shown),
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
