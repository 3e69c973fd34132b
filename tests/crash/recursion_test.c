/*
 * recursion_test.c - frames that repeat are counted: on stacks made by hand, and on one of 64 MiB
 * that recursion has used up
 */
#include "src/crash/recursion.h"

#include "src/base/clock.h"
#include "src/crash/remote_memory.h"
#include "tests/support/crash_harness.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WORDS = 4096, FRAME_WORDS = 4 };    /* words of a stack, and of each of its frames */

static struct memory memory;
static uint64_t words[WORDS];

static uint64_t address_of(size_t word)
{
    return (uint64_t)(uintptr_t)&words[word];
}

/* The return addresses of a circle of `functions` functions, in frames of one size. */
static void fill(size_t functions)
{
    for (size_t i = 0; i < WORDS; i++)
        words[i] = i % FRAME_WORDS ? i : 0x1000 + i / FRAME_WORDS % functions;
    crash__memory_open(&memory, getpid());
}

/* As if the walk had come so far. */
static struct recursion walked(size_t frames, bool fp_follows)
{
    struct recursion recursion = {.count = 0};

    for (size_t i = 0; i < frames; i++) {
        const struct recursion_place place = {
            .pc = words[i * FRAME_WORDS], .sp = address_of(i * FRAME_WORDS + 1),
            .fp = fp_follows ? address_of(i * FRAME_WORDS + 2) : 7, .plain = true};

        crash__recursion_add(&recursion, &place);
    }
    return recursion;
}

static bool find(const struct recursion *recursion, struct recursion_run *ret_run)
{
    bool found = crash__recursion_find(recursion, &memory, BASE_NEVER, ret_run);

    crash__memory_close(&memory);
    return found;
}

/* The run ends where the frames end, but for two groups. */
static void check_run(size_t functions, size_t frames, bool fp_follows)
{
    struct recursion_run run;
    struct recursion recursion;

    fill(functions);
    words[frames * FRAME_WORDS] = 0;
    recursion = walked(64, fp_follows);
    CU_ASSERT_FATAL(find(&recursion, &run));
    CU_ASSERT_EQUAL(run.frames, (frames - 64) / functions * functions - 2 * functions);
    CU_ASSERT_EQUAL(run.distance, run.frames * FRAME_WORDS * sizeof *words);
    CU_ASSERT_EQUAL(run.fp_follows, fp_follows);
}

static void a_function_that_calls_itself_is_passed_over(void)
{
    check_run(1, 900, true);
    check_run(1, 901, false);
}

static void functions_that_call_each_other_are_passed_over(void)
{
    check_run(2, 900, true);
    check_run(3, 899, false);
    check_run(15, 1000, true);
}

static void a_circle_that_is_too_large_is_walked(void)
{
    struct recursion_run run;
    struct recursion recursion;

    fill(16);
    recursion = walked(64, true);
    CU_ASSERT_FALSE(find(&recursion, &run));
}

static void frames_of_different_sizes_are_walked(void)
{
    struct recursion_run run;
    struct recursion recursion;

    fill(1);
    recursion = walked(64, true);
    recursion.place[60].sp += 8;
    CU_ASSERT_FALSE(find(&recursion, &run));
}

static void frames_that_were_guessed_are_walked(void)
{
    struct recursion_run run;
    struct recursion recursion;

    fill(1);
    recursion = walked(64, true);
    recursion.place[61].plain = false;
    CU_ASSERT_FALSE(find(&recursion, &run));
}

static void with_few_frames_left_they_are_walked(void)
{
    struct recursion_run run;
    struct recursion recursion;

    fill(1);
    words[66 * FRAME_WORDS] = 0;
    recursion = walked(64, true);
    CU_ASSERT_FALSE(find(&recursion, &run));
}

static void a_walk_of_no_frames_does_not_repeat(void)
{
    const struct recursion none = {.count = 0};
    struct recursion_run run;

    crash__memory_open(&memory, getpid());
    CU_ASSERT_FALSE(find(&none, &run));
}

/* ---- a whole stack ---- */

enum { STACK = 64 << 20 };

static volatile int sink;

static __attribute__((noinline, noclone)) void goes_down(void)
{
    if (sink >= 0)
        goes_down();
    sink++;
}

static void victim_goes_down(void)
{
    goes_down();
    sink++;
}

/* Of the processes that have ended: the victim and its unwinder. The machine may be busy. */
static double processor_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const double most_ms = 3000;
#else
static const double most_ms = 300;
#endif

/* Its frames are the smallest that there are. The report has both ends of the stack. */
static void a_stack_of_64_mib_is_told_from_end_to_end(void)
{
    struct rlimit before, large;
    double used = processor_ms();

    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_STACK, &before), 0);
    large = (struct rlimit){STACK, before.rlim_max};
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_STACK, &large), 0);
    watch_crash(victim_goes_down, SIGSEGV);
    setrlimit(RLIMIT_STACK, &before);
    used = processor_ms() - used;
    printf("  %u frames left out, in %.0f ms, %.0f of them of processor time\n",
           watch_trace.thread[0].cut, (double)watch_ns / 1e6, used);
    CU_ASSERT(used < most_ms);
    EXPECT("goes_down", "goes_down", "goes_down");
    CU_ASSERT_EQUAL(watch_trace.thread[0].error, 0);
    CU_ASSERT_EQUAL(watch_trace.stack_overflow, 1);
    CU_ASSERT(watch_trace.thread[0].cut > STACK / 64);
    const struct backtrace_frame *last = watch_frames(0) + watch_trace.thread[0].count - 1;
    CU_ASSERT_STRING_NOT_EQUAL(watch_text(last->symbol), "goes_down");
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_function_that_calls_itself_is_passed_over),
    TEST(functions_that_call_each_other_are_passed_over),
    TEST(a_circle_that_is_too_large_is_walked),
    TEST(frames_of_different_sizes_are_walked),
    TEST(frames_that_were_guessed_are_walked),
    TEST(with_few_frames_left_they_are_walked),
    TEST(a_walk_of_no_frames_does_not_repeat),
    TEST(a_stack_of_64_mib_is_told_from_end_to_end),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "recursion", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
