/*
 * terminate_test.c - processes that evade their end: orphans without end, other process groups,
 * tracers
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/shared_number.h"
#include "tests/support/tracers.h"

#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- orphans ---- */

/* Orphans that are no descendants of its own, without end. */
static json_t *leave_orphans(json_t *null)
{
    enum { AT_ONCE = 8 };

    prctl(PR_SET_CHILD_SUBREAPER, 0);
    for (int i = 1; i < AT_ONCE && fork() != 0; i++)
        continue;
    for (;;) {
        pid_t pid = fork();
        if (pid == 0) {
            if (fork() == 0)
                calls_hang(null);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
        shared_tell();
    }
}

static void who_leaves_orphans_all_the_time_holds_up_no_other_end(void)
{
    enum { OTHERS = 4, A_STREAM = 100 };
    procspawn_handle *others[OTHERS];
    procspawn_handle *handle = calls_start(leave_orphans, NULL);

    shared_wait(A_STREAM);
    for (int i = 0; i < OTHERS; i++)
        others[i] = calls_start(calls_echo, json_integer(i));
    for (int i = 0; i < OTHERS; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(others[i], 10 * CALLS_SECOND, NULL), 0);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(others[i]), i);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

/* ---- groups ---- */

/* Leaves another process in its group, and changes to another group. */
static void leave_group(void)
{
    if (fork() == 0)
        calls_hang(NULL);
    pid_t other = fork();
    if (other == 0) {
        setpgid(0, 0);
        calls_hang(NULL);
    }
    setpgid(other, other);
    while (setpgid(0, other) < 0)
        poll(NULL, 0, 1);
}

static json_t *leave_group_and_hang(json_t *argument)
{
    leave_group();
    shared_tell();
    return calls_hang(argument);
}

static void who_left_its_group_is_killed(void)
{
    procspawn_handle *handle = calls_start(leave_group_and_hang, NULL);

    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

static void who_left_its_group_keeps_its_deadline(void)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_total_limit(builder, CALLS_SECOND / 5);
    calls_check_end(calls_build(builder, leave_group_and_hang, NULL), PROCSPAWN_ERROR_TIMED_OUT,
              PROCSPAWN_CAUSE_TIME_LIMIT);
    procspawn_builder_free(builder);
}

static void who_left_its_group_can_be_terminated(void)
{
    procspawn_handle *handle = calls_start(leave_group_and_hang, NULL);

    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 60 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGTERM);
    procspawn_error_free(error);
}

static void its_scope_closes(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    scoped_spawner root;

    procspawn_builder_grace(builder, 0);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, builder, leave_group_and_hang, NULL, NULL) == 0);
    procspawn_builder_free(builder);
    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel(root), 0);
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, forkscope_after(10 * CALLS_SECOND)), 0);
}

static void its_pool_has_another_worker(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = pool_start(pool, leave_group_and_hang, NULL);

    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(pool_number(pool, calls_echo, json_integer(3)), 3);
    procspawn_pool_free(pool);
}

static volatile sig_atomic_t terms;

static void count_term(int signal)
{
    (void)signal;
    terms = terms + 1;
}

static json_t *count_terms(json_t *leaves)
{
    struct sigaction action = { .sa_handler = count_term };

    sigaction(SIGTERM, &action, NULL);
    if (json_is_true(leaves))
        leave_group();
    shared_tell();
    while (terms == 0)
        poll(NULL, 0, 1);
    poll(NULL, 0, 100);
    return json_integer(terms);
}

static void a_signal_comes_once_in_the_group_and_out_of_it(void)
{
    for (int i = 0; i < 20; i++) {
        procspawn_handle *handle = calls_start(count_terms, json_boolean(i % 2));
        shared_wait(i + 1);
        PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 60 * CALLS_SECOND), 0);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 1);
    }
}

/* ---- tracers ---- */

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
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
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

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
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

    procspawn_builder_total_limit(builder, CALLS_SECOND / 5);
    calls_check_end(calls_build(builder, hang_traced, NULL), PROCSPAWN_ERROR_TIMED_OUT,
              PROCSPAWN_CAUSE_TIME_LIMIT);
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
    TEST(who_leaves_orphans_all_the_time_holds_up_no_other_end),
    TEST(who_left_its_group_is_killed),
    TEST(who_left_its_group_keeps_its_deadline),
    TEST(who_left_its_group_can_be_terminated),
    TEST(its_scope_closes),
    TEST(its_pool_has_another_worker),
    TEST(a_signal_comes_once_in_the_group_and_out_of_it),
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
