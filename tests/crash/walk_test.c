/*
 * walk_test.c - walks of stacks whose memory or whose unwind information is not what it should be
 */
#include "src/crash/backtrace.h"
#include "src/crash/handler.h"
#include "src/crash/machine.h"
#include "src/crash/modules.h"
#include "src/crash/remote_memory.h"
#include "src/crash/walk.h"
#include "tests/support/crash_harness.h"
#include "tests/support/crashers.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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
        CU_ASSERT_EQUAL(stack.step[i].registers.value[MACHINE_PC] - 1, watch_frames(0)[i].ip);
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

#define TEST(function) {#function, function}

static CU_TestInfo tests[] = {
    TEST(a_refused_look_still_names_the_function),
    TEST(a_shredded_stack_still_names_the_function),
    TEST(information_without_an_end_is_left_alone),
    TEST(a_stack_that_leads_back_to_itself_comes_to_an_end),
    TEST(frame_pointers_lead_as_far),
    TEST(a_saved_return_address_is_no_second_caller),
    TEST(a_process_that_is_gone_is_an_error),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    {.pName = "unwind", .pTests = tests},
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
