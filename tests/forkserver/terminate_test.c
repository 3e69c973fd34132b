/*
 * terminate_test.c - processes that evade their end: orphans without end, other process groups
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/shared_number.h"

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
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait(others[i], 10 * CALLS_SECOND, NULL), 0);
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

    procspawn_builder_deadline(builder, CALLS_SECOND / 5);
    calls_check_end(calls_build(builder, leave_group_and_hang, NULL), PROCSPAWN_ERROR_TIMED_OUT,
              PROCSPAWN_CAUSE_DEADLINE);
    procspawn_builder_free(builder);
}

static void who_left_its_group_can_be_terminated(void)
{
    procspawn_handle *handle = calls_start(leave_group_and_hang, NULL);

    shared_wait(1);
    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 60 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle, 10 * CALLS_SECOND, NULL), 0);
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
    PROCSPAWN_CUNIT_EQUAL(scoped_spawner_close(root, scoped_deadline_in(10 * CALLS_SECOND)), 0);
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

static CU_SuiteInfo suites[] = {
    SHARED_SUITE("evade", tests),
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
