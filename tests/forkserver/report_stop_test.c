/*
 * report_stop_test.c - reports of processes that stand still: stops that are no crashes, and pages
 * that never come
 */
#include "tests/support/call_helpers.h"
#include "tests/support/frame.h"
#include "tests/support/memory_group.h"
#include "tests/support/report_helpers.h"
#include "tests/support/withheld_memory.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- stops that are no crashes ---- */

static json_t *stops_and_returns(json_t *argument)
{
    kill(getpid(), SIGSTOP);
    return json_incref(argument);
}

/* Each death of another child is told after the look at this one, for it was forked before. */
static void who_is_stopped_by_others_stays_stopped(void)
{
    calls_begin();
    procspawn_handle *handle = calls_start(stops_and_returns, json_integer(5));
    pid_t pid = procspawn_pid(handle);
    report_wait_for_stop(pid);
    for (int i = 0; i < 20; i++)
        report_check_signal(report_error(NULL, report_crashes, NULL), SIGSEGV);
    CU_ASSERT_EQUAL(report_state(pid), 'T');
    CU_ASSERT(kill(pid, SIGCONT) == 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 5);
    calls_end();
}

/* A process of its own continues it as soon as it stands still. */
static json_t *stops_and_crashes(json_t *argument)
{
    pid_t self = getpid();

    if (fork() == 0) {
        while (report_state(self) != 'T')
            sched_yield();
        kill(self, SIGCONT);
        _exit(0);
    }
    kill(self, SIGSTOP);
    return report_crashes(argument);
}

static void a_crash_right_after_another_stop_is_told(void)
{
    calls_begin();
    for (int i = 0; i < 20; i++) {
        procspawn_error *error = report_error(NULL, stops_and_crashes, NULL);
        CU_ASSERT(report_has_symbol(error, "report_write_nowhere"));
        report_check_signal(error, SIGSEGV);
    }
    calls_end();
}

/* ---- what never comes ---- */

static FRAME void go_on_without(void *frame, volatile char *room, procspawn_function *function)
{
    room[0] = 0;
    if (withhold_page(frame))
        function(NULL);
    _exit(99);
}

/* The page with this function's return address is lost; what it calls works on others. */
static FRAME json_t *lose_stack(procspawn_function *function)
{
    char room[2 * 65536];

    go_on_without(__builtin_frame_address(0), room, function);
    __asm__ volatile("" ::"r"(room) : "memory");
    return NULL;
}

static json_t *loses_stack_and_crashes(json_t *argument)
{
    (void)argument;
    return lose_stack(report_crashes);
}

static json_t *loses_stack_and_overflows(json_t *argument)
{
    (void)argument;
    return lose_stack(report_overflows);
}

static json_t *loses_stack_and_hangs(json_t *argument)
{
    (void)argument;
    return lose_stack(calls_hang);
}

static void a_crash_on_a_stack_that_never_comes_is_told_without_frames(void)
{
    report_begin_withheld();
    procspawn_error *error = report_error(NULL, loses_stack_and_crashes, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(error), 0);
    report_check_signal(error, SIGSEGV);
    report_check_others();
    report_end_withheld();
}

/* It cannot die of it and is killed. Meanwhile the kernel kills somebody for lack of memory. */
static void an_overflow_of_a_stack_that_never_comes_is_told_as_one(void)
{
    struct memory_group group;

    report_begin_withheld();
    procspawn_handle *handle = calls_start(loses_stack_and_overflows, NULL);
    if (memory_group_make(&group)) {
        memory_group_kill_one(&group);
        memory_group_remove(&group);
    }
    report_check_overflow(report_error_of_call(handle));
    report_check_others();
    report_end_withheld();
}

static void a_hang_on_a_stack_that_never_comes_ends_at_its_deadline(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    report_begin_withheld();
    procspawn_builder_total_limit(builder, 100 * CALLS_MS);
    calls_check_error(report_error(builder, loses_stack_and_hangs, NULL), PROCSPAWN_ERROR_TIMED_OUT,
                      PROCSPAWN_CAUSE_TIME_LIMIT);
    report_check_others();
    report_end_withheld();
    procspawn_builder_free(builder);
}

/* Where the library keeps what every child writes, the record of its crash among it. */
extern char __start_forkscope_written[], __stop_forkscope_written[];

static json_t *loses_its_record_and_stops(json_t *argument)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t at = (uintptr_t)__start_forkscope_written & ~(page - 1);
    (void)argument;

    for (; at < (uintptr_t)__stop_forkscope_written; at += page)
        if (!withhold_page((void *)at))
            _exit(99);
    for (;;)
        syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
}

static void a_record_that_never_comes_does_not_hold_the_server(void)
{
    report_begin_withheld();
    procspawn_handle *handle = calls_start(loses_its_record_and_stops, NULL);
    report_wait_for_stop(procspawn_pid(handle));
    report_check_others();
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL), 0);
    procspawn_handle_free(handle);
    report_end_withheld();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(who_is_stopped_by_others_stays_stopped),
    TEST(a_crash_right_after_another_stop_is_told),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo held_tests[] = {
    TEST(a_crash_on_a_stack_that_never_comes_is_told_without_frames),
    TEST(an_overflow_of_a_stack_that_never_comes_is_told_as_one),
    TEST(a_hang_on_a_stack_that_never_comes_ends_at_its_deadline),
    TEST(a_record_that_never_comes_does_not_hold_the_server),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[3] = {
    { .pName = "reporter", .pTests = tests },
};

/* Without root nothing can be held back. */
int main(int argc, char **argv)
{
    if (geteuid() == 0 && withhold_works())
        suites[1] = (CU_SuiteInfo){ .pName = "reporter_held", .pTests = held_tests };
    return procspawn_cunit_run(suites, argc, argv);
}
