/*
 * tracer_test.c - processes whose end a tracer of theirs holds up
 */
#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"
#include "tests/support/tracers.h"

#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <unistd.h>

/* A process in a session of its own traces this one. */
static void be_traced(void)
{
    pid_t self = getpid();

    if (fork() == 0) {
        setsid();
        trace_and_hang(self);
    }
    shared_wait(1);
}

static json_t *exit_traced(json_t *argument)
{
    be_traced();
    (void)argument;
    _exit(3);
}

static void who_exits_under_a_tracer_of_its_own_is_reaped(void)
{
    for (int i = 0; i < 3; i++) {
        shared_set(0);
        procspawn_handle *handle = calls_start(exit_traced, NULL);
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, 10 * CALLS_SECOND, NULL), 0);
        procspawn_error *error = calls_error(handle);
        PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 3);
        calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
    }
}

/* Older than a second: the other way to notice it. */
static json_t *exit_traced_later(json_t *argument)
{
    be_traced();
    poll(NULL, 0, 1500);
    (void)argument;
    _exit(3);
}

static void an_old_one_too(void)
{
    calls_check_end(calls_start(exit_traced_later, NULL), PROCSPAWN_ERROR_REMOTE_CLOSE,
              PROCSPAWN_CAUSE_EXIT);
}

static json_t *answer_traced(json_t *argument)
{
    be_traced();
    return json_incref(argument);
}

static void an_answer_given_under_a_tracer_counts(void)
{
    procspawn_handle *handle = calls_start(answer_traced, json_integer(4));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, 10 * CALLS_SECOND, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 4);
}

static json_t *hang_traced(json_t *argument)
{
    be_traced();
    return calls_hang(argument);
}

static void who_is_killed_under_a_tracer_is_reaped(void)
{
    procspawn_handle *handle = calls_start(hang_traced, NULL);

    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static void a_deadline_is_kept_under_a_tracer(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_deadline(builder, CALLS_SECOND / 5);
    calls_check_end(calls_build(builder, hang_traced, NULL), PROCSPAWN_ERROR_TIMED_OUT,
              PROCSPAWN_CAUSE_DEADLINE);
    procspawn_builder_free(builder);
}

static void everything_ends_under_a_tracer(void)
{
    procspawn_handle *handle = calls_start(hang_traced, NULL);

    shared_wait(1);
    int64_t start = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
    CU_ASSERT(calls_now() - start < 6 * CALLS_SECOND);
    procspawn_handle_free(handle);
    calls_begin();
}

/* Has its server trace it, which never lets it go on. */
static json_t *stop_under_parent(json_t *argument)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGUSR1);
    return calls_hang(argument);
}

static void who_has_its_server_trace_it_is_ended(void)
{
    calls_check_end(calls_start(stop_under_parent, NULL), PROCSPAWN_ERROR_REMOTE_CLOSE,
              PROCSPAWN_CAUSE_SIGNAL);
}

/* The tracer is the process of another call. */
static json_t *trace_another(json_t *pid)
{
    trace_and_hang((pid_t)json_integer_value(pid));
    return NULL;
}

static json_t *exit_when_told(json_t *argument)
{
    shared_wait(1);
    (void)argument;
    _exit(3);
}

static void a_tracer_in_another_call_keeps_no_end_back(void)
{
    procspawn_handle *handle = calls_start(exit_when_told, NULL);
    procspawn_handle *tracer = calls_start(trace_another, json_integer(procspawn_pid(handle)));

    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_EXIT);
    calls_check_end(tracer, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(who_has_its_server_trace_it_is_ended),
    CU_TEST_INFO_NULL,
};

/* Whether a process may trace others of its user depends on the system; root may. */
static CU_TestInfo root_tests[] = {
    TEST(who_exits_under_a_tracer_of_its_own_is_reaped),
    TEST(an_old_one_too),
    TEST(an_answer_given_under_a_tracer_counts),
    TEST(who_is_killed_under_a_tracer_is_reaped),
    TEST(a_deadline_is_kept_under_a_tracer),
    TEST(everything_ends_under_a_tracer),
    TEST(a_tracer_in_another_call_keeps_no_end_back),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    SHARED_SUITE("evade", tests),
    SHARED_SUITE("evade_traced", root_tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
