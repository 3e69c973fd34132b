/*
 * reporter_test.c - the report of a crash that cannot be examined as usual: its process or the
 * reporter is refused system calls
 */
#include "tests/support/call_helpers.h"
#include "tests/support/jail.h"
#include "tests/support/report_helpers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static json_t *asserts(json_t *argument)
{
    assert(json_is_object(argument) && "the sky is green");
    return json_incref(argument);
}

/* ---- how a call ends ---- */

static void check_assertion(procspawn_error *error)
{
    CU_ASSERT(strstr(procspawn_error_message(error), "the sky is green") != NULL);
    CU_ASSERT(strstr(procspawn_error_file(error), "reporter_test.c") != NULL);
    CU_ASSERT_STRING_EQUAL(procspawn_error_function(error), "asserts");
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_ASSERT);
}

/* ---- without frames ---- */

static void check_causes_without_frames(void)
{
    procspawn_error *error = report_error(NULL, report_crashes, NULL);

    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(error), 0);
    report_check_signal(error, SIGSEGV);
    error = report_error(NULL, report_overflows, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_frame_count(error), 0);
    report_check_overflow(error);
    check_assertion(report_error(NULL, asserts, json_integer(1)));
}

static void without_backtraces_the_causes_are_told(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_capture_backtraces(config, false);
    PROCSPAWN_CUNIT_EQUAL(procspawn_config_init(config, 0, NULL), 0);
    procspawn_config_free(config);
    check_causes_without_frames();
    calls_end();
}

static void in_process(void (*part)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        calls_begin();
        part();
        calls_end();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void in_jail(long number, void (*part)(void))
{
    const struct jail_rule rule = { .number = number };
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        jail_enter(&rule, EPERM);
        in_process(part);
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static void without_a_memfd_the_causes_are_told(void)
{
    in_jail(SYS_memfd_create, check_causes_without_frames);
}

/* ---- with other ways to the same ---- */

static void check_causes_with_frames(void)
{
    procspawn_error *error = report_error(NULL, report_crashes, NULL);

    CU_ASSERT(report_has_symbol(error, "report_write_nowhere"));
    CU_ASSERT(report_has_symbol(error, "report_crashes"));
    report_check_signal(error, SIGSEGV);
    error = report_error(NULL, report_overflows, NULL);
    CU_ASSERT(report_has_symbol(error, "report_recurse"));
    report_check_overflow(error);
    error = report_error(NULL, asserts, json_integer(1));
    CU_ASSERT(report_has_symbol(error, "asserts"));
    check_assertion(error);
}

static void where_memory_cannot_be_read_by_process_all_is_told(void)
{
    in_jail(SYS_process_vm_readv, check_causes_with_frames);
}

static void where_links_cannot_be_refused_all_is_told(void)
{
    in_jail(SYS_openat2, check_causes_with_frames);
}

/* ---- a function that has put itself into a jail ---- */

static json_t *crashes_without(json_t *number)
{
    jail_enter(&(struct jail_rule){ .number = json_integer_value(number) }, EPERM);
    return report_crashes(number);
}

static json_t *asserts_without(json_t *number)
{
    jail_enter(&(struct jail_rule){ .number = json_integer_value(number) }, EPERM);
    return asserts(number);
}

static void *crash_in_thread(void *unused)
{
    report_write_nowhere();
    return unused;
}

static json_t *crashes_in_thread_without(json_t *number)
{
    pthread_t thread;

    jail_enter(&(struct jail_rule){ .number = json_integer_value(number) }, EPERM);
    pthread_create(&thread, NULL, crash_in_thread, NULL);
    return calls_hang(number);
}

static json_t *crashes_or_dies_of(json_t *number)
{
    jail_enter_deadly(&(struct jail_rule){ .number = json_integer_value(number) });
    return report_crashes(number);
}

static void check_frames_of_crash(procspawn_function *function, long call)
{
    procspawn_error *error = report_error(NULL, function, json_integer(call));

    CU_ASSERT(report_has_symbol(error, "report_write_nowhere"));
    report_check_signal(error, SIGSEGV);
}

/* What the child's own part in a report may ask of the kernel; what it must not need. */
static const long calls_of_handler[] = { SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_tgkill,
                                         SYS_gettid, SYS_futex };

static void a_crash_is_told_whatever_call_its_process_was_refused(void)
{
    calls_begin();
    for (size_t i = 0; i < sizeof calls_of_handler / sizeof *calls_of_handler; i++) {
        check_frames_of_crash(crashes_without, calls_of_handler[i]);
        check_frames_of_crash(crashes_in_thread_without, calls_of_handler[i]);
        check_assertion(report_error(NULL, asserts_without, json_integer(calls_of_handler[i])));
    }
    calls_end();
}

static void a_crash_is_told_whatever_call_its_process_may_not_live_to_make(void)
{
    calls_begin();
    for (size_t i = 0; i < sizeof calls_of_handler / sizeof *calls_of_handler; i++)
        check_frames_of_crash(crashes_or_dies_of, calls_of_handler[i]);
    calls_end();
}

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

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(without_backtraces_the_causes_are_told),
    TEST(without_a_memfd_the_causes_are_told),
    TEST(where_memory_cannot_be_read_by_process_all_is_told),
    TEST(where_links_cannot_be_refused_all_is_told),
    TEST(a_crash_is_told_whatever_call_its_process_was_refused),
    TEST(a_crash_is_told_whatever_call_its_process_may_not_live_to_make),
    TEST(who_is_stopped_by_others_stays_stopped),
    TEST(a_crash_right_after_another_stop_is_told),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "reporter", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
