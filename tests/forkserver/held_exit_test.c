/*
 * held_exit_test.c - processes that a tracer holds: on their way out, or their server before they
 * can go
 */
#include "tests/support/call_helpers.h"
#include "tests/support/closed.h"
#include "tests/support/pool_helpers.h"
#include "tests/support/shared_number.h"
#include "tests/support/tracers.h"

#include <errno.h>
#include <forkscope/tree.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINES = 3 };

static pid_t *line;     /* shared: the first is traced by the second, and so on */

static void begin(void)
{
    line = mmap(NULL, LINES * sizeof *line, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                0);
    shared_begin();
}

static void end(void)
{
    shared_end();
    munmap(line, LINES * sizeof *line);
}

/* ---- tracers ---- */

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

/* ---- tracers that stop a process on its way out ---- */

static void hold_at_exit(pid_t pid)
{
    setsid();
    if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT) < 0)
        _exit(99);
}

/* Each traces the one before, whose child it is. Returns in the first one. */
static void be_held(int number)
{
    line[number] = getpid();
    if (number + 1 < LINES && fork() == 0) {
        hold_at_exit(line[number]);
        be_held(number + 1);
        calls_hang(NULL);
    }
    shared_tell();
    shared_wait(LINES);
}

static void check_line(void)
{
    for (int i = 0; i < LINES; i++)
        CU_ASSERT(kill(line[i], 0) < 0 && errno == ESRCH);
}

static json_t *hang_held(json_t *argument)
{
    be_held(0);
    return calls_hang(argument);
}

static procspawn_handle *start_held(procspawn_function *function)
{
    shared_set(0);
    procspawn_handle *handle = calls_start(function, NULL);
    shared_wait(LINES);
    return handle;
}

static void who_is_held_on_its_way_out_is_reaped(void)
{
    procspawn_handle *handle = start_held(hang_held);

    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    check_line();
}

static json_t *answer_held(json_t *argument)
{
    be_held(0);
    return json_incref(argument);
}

static void who_has_answered_too(void)
{
    procspawn_handle *handle = calls_start(answer_held, json_integer(4));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 4);
    check_line();
}

static void its_scope_closes_as_well(void)
{
    procspawn_builder *builder = procspawn_builder_new();
    scoped_spawner root;

    procspawn_builder_grace(builder, 0);
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, builder, hang_held, NULL, NULL) == 0);
    procspawn_builder_free(builder);
    shared_wait(LINES);
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel(root), 0);
    PROCSPAWN_CUNIT_EQUAL(close_whatever(root, forkscope_after(10 * CALLS_SECOND)), 0);
    check_line();
}

static void its_pool_ends(void)
{
    procspawn_pool *pool = pool_make(1);
    procspawn_handle *handle = pool_start(pool, hang_held, NULL);

    shared_wait(LINES);
    procspawn_pool_kill(pool);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 10 * CALLS_SECOND), 0);
    check_line();
}

static void *be_quiet(void *unused)
{
    line[1] = (pid_t)syscall(SYS_gettid);
    shared_tell();
    calls_hang(NULL);
    return unused;
}

/* The first thread ends, and not the other one. */
static json_t *have_a_thread_held(json_t *argument)
{
    pthread_t thread;

    line[0] = getpid();
    pthread_create(&thread, NULL, be_quiet, NULL);
    shared_wait(1);
    if (fork() == 0) {
        line[2] = getpid();
        hold_at_exit(line[1]);
        shared_tell();
        shared_tell();
        calls_hang(NULL);
    }
    return calls_hang(argument);
}

static void one_of_whose_threads_is_held_is_reaped(void)
{
    procspawn_handle *handle = start_held(have_a_thread_held);

    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_end(handle, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    check_line();
}

static json_t *leave_one_held(json_t *argument)
{
    if (fork() == 0) {
        setsid();
        be_held(0);
        calls_hang(NULL);
    }
    shared_wait(LINES);
    return json_incref(argument);
}

static void what_was_left_behind_is_ended_though_it_is_held(void)
{
    procspawn_handle *handle = start_held(leave_one_held);
    procspawn_handle *other = calls_start(calls_echo, json_integer(6));

    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(other, 10 * CALLS_SECOND, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(other), 6);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    check_line();
    procspawn_handle_free(handle);
}

/* Its tracer does not let its death be known; what it leaves is seen before that. */
static json_t *leave_one_held_and_exit_traced(json_t *argument)
{
    pid_t self = getpid();

    json_decref(leave_one_held(argument));
    if (fork() == 0) {
        setsid();
        trace_and_hang(self);
    }
    shared_wait(LINES + 1);
    _exit(3);
}

static void what_was_seen_before_the_death_is_waited_for(void)
{
    procspawn_handle *handle = start_held(leave_one_held_and_exit_traced);
    struct pollfd dead = { (int)syscall(SYS_pidfd_open, procspawn_pid(handle), 0), POLLIN, 0 };

    PROCSPAWN_CUNIT_EQUAL(poll(&dead, 1, 10000), 1);
    close(dead.fd);
    for (int i = 0; i < 8; i++) {
        procspawn_handle *other = calls_start(calls_echo, json_integer(i));
        PROCSPAWN_CUNIT_EQUAL(calls_integer(other), i);
    }
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    check_line();
    procspawn_handle_free(handle);
}

static void what_a_dead_server_leaves_is_ended_though_it_is_held(void)
{
    procspawn_handle *handle = start_held(hang_held);

    calls_signal_servers(SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), PROCSPAWN_ESERVER);
    check_line();
    procspawn_handle_free(handle);
}

static void everything_ends_though_it_is_held(void)
{
    procspawn_handle *handle = start_held(hang_held), *left = calls_start(leave_one_held, NULL);
    int64_t start = calls_now();

    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
    CU_ASSERT(calls_now() - start < 6 * CALLS_SECOND);
    check_line();
    procspawn_handle_free(handle);
    procspawn_handle_free(left);
    calls_begin();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(who_has_its_server_trace_it_is_ended),
    CU_TEST_INFO_NULL,
};

/* Whether a process may trace others of its user depends on the system; root may. */
static CU_TestInfo root_tests[] = {
    TEST(who_is_held_on_its_way_out_is_reaped),
    TEST(who_has_answered_too),
    TEST(its_scope_closes_as_well),
    TEST(its_pool_ends),
    TEST(one_of_whose_threads_is_held_is_reaped),
    TEST(what_was_left_behind_is_ended_though_it_is_held),
    TEST(what_was_seen_before_the_death_is_waited_for),
    TEST(what_a_dead_server_leaves_is_ended_though_it_is_held),
    TEST(everything_ends_though_it_is_held),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "evade", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    { .pName = "evade_traced", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = root_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
