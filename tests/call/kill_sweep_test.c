/*
 * kill_sweep_test.c - the kill sweep: a part of a busy tree is killed at many moments of its life
 *
 * The test process is the subreaper of the program, so every process that the program leaves behind
 * becomes its child: without a child, nothing is left. KILL_MOMENTS is the number of moments in
 * all.
 */
#include "tests/support/busy_program.h"
#include "tests/support/call_helpers.h"
#include "tests/support/process_list.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum victim { PROGRAM, ROOT, SERVER, CHILD, GRANDCHILD, VICTIMS };

/* The busiest part of the life of a tree; the moments are spread over it. */
static const int64_t life = 150 * CALLS_MS;
/* What survivors may take to do something right, and to end in order. */
static const int64_t patience = 20 * CALLS_SECOND;

static unsigned moments(void)
{
    const char *wanted = getenv("KILL_MOMENTS");
    unsigned all = wanted ? (unsigned)atoi(wanted) : 60;
    return all < VICTIMS ? 1 : all / VICTIMS;
}

static void sleep_until(int64_t moment)
{
    struct timespec at = { moment / CALLS_SECOND, moment % CALLS_SECOND };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

/* ---- choosing a victim ---- */

/* A child of a process, any; 0 if it has none. */
static pid_t some_child(pid_t parent)
{
    return children_one(parent, (uint64_t)rand());
}

static pid_t look_for(enum victim victim, pid_t program)
{
    pid_t root = victim == PROGRAM ? 0 : calls_child_named(program, "forkscope-root");

    switch (victim) {
    case PROGRAM:
        return program;
    case ROOT:
        return root;
    case SERVER:
        return some_child(root);
    case CHILD:
        return some_child(some_child(root));
    default:
        return some_child(some_child(some_child(root)));
    }
}

/* Signals one, and gives what was below it. False if there is none for a long time. */
static bool signal_one(enum victim victim, int signal, pid_t program, struct calls_tree *below)
{
    int64_t deadline = calls_now() + patience;

    while (calls_now() < deadline) {
        pid_t pid = look_for(victim, program);
        if (pid == 0)
            continue;
        calls_tree_open(below, pid);
        if (kill(pid, signal) == 0)
            return true;
        calls_tree_close(below);
    }
    return false;
}

/* ---- what must hold afterwards ---- */

static unsigned get(const unsigned *number)
{
    return __atomic_load_n(number, __ATOMIC_ACQUIRE);
}

/* Everything in the tree goes on: more calls end well. */
static void check_that_calls_go_on(const struct busy_report *report)
{
    enum { SOME = 8 };
    int64_t deadline = calls_now() + patience;
    unsigned before = get(&report->right);

    while (get(&report->right) < before + SOME && calls_now() < deadline)
        poll(NULL, 0, 1);
    CU_ASSERT(get(&report->right) >= before + SOME);
}

static void check_that_only_the_victim_suffered(enum victim victim,
                                                const struct busy_report *report)
{
    if (victim == GRANDCHILD)
        PROCSPAWN_CUNIT_EQUAL(report->closed, 0);
    if (victim == CHILD)
        CU_ASSERT(report->closed <= 1);
    if (victim == SERVER)
        PROCSPAWN_CUNIT_EQUAL(report->closed, 0);
    if (victim != SERVER && victim != ROOT)
        PROCSPAWN_CUNIT_EQUAL(report->lost, 0);
}

static int wait_in_time(pid_t pid, int64_t limit)
{
    int64_t deadline = calls_now() + limit;
    int status = -1;

    while (waitpid(pid, &status, WNOHANG) == 0 && calls_now() < deadline)
        poll(NULL, 0, 1);
    return status;
}

static void end_in_order(struct busy_report *report, pid_t program)
{
    __atomic_store_n(&report->stop, true, __ATOMIC_RELEASE);
    int status = wait_in_time(program, patience);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    if (status == -1)
        kill(program, SIGKILL);
}

/* The program leaves no zombie of the root until its own end. */
static void check_that_the_program_has_no_child(pid_t program)
{
    int64_t deadline = calls_now() + CALLS_SECOND;

    while (some_child(program) != 0 && calls_now() < deadline)
        poll(NULL, 0, 1);
    PROCSPAWN_CUNIT_EQUAL(some_child(program), 0);
}

static pid_t start_program(struct busy_report *report, int64_t delay)
{
    int64_t moment = calls_now() + delay;
    pid_t program = fork();

    if (program == 0)
        busy_program(report);
    sleep_until(moment);
    return program;
}

static void strike(enum victim victim, int64_t delay, struct busy_report *report)
{
    static struct calls_tree below;
    pid_t program = start_program(report, delay);

    CU_ASSERT_FATAL(signal_one(victim, SIGKILL, program, &below));
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&below, CALLS_SECOND), 0);
    calls_tree_close(&below);
    if (victim == ROOT)
        check_that_the_program_has_no_child(program);
    if (victim != ROOT && victim != PROGRAM)
        check_that_calls_go_on(report);
    if (victim != PROGRAM) {
        end_in_order(report, program);
        check_that_only_the_victim_suffered(victim, report);
    }
    PROCSPAWN_CUNIT_EQUAL(children_left_behind(), 0);
}

static void strike_fresh(enum victim victim, int64_t delay, struct busy_report *report)
{
    report->only_fresh = true;
    strike(victim, delay, report);
}

typedef void scene(enum victim victim, int64_t delay, struct busy_report *report);

static void sweep(scene *act, enum victim victim, unsigned count)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (unsigned i = 0; i < count; i++) {
        struct busy_report *report = busy_report_new();
        CU_ASSERT_FATAL(report != NULL);
        procspawn_cunit_time_limit(4 * patience);
        act(victim, i * life / count, report);
        if (report->wrong > 0)
            fprintf(stderr, "%s\n", report->first_wrong);
        PROCSPAWN_CUNIT_EQUAL(report->wrong, 0);
        busy_report_free(report);
    }
}

static void the_program_is_killed_and_nothing_is_left(void)
{
    sweep(strike, PROGRAM, moments());
}

static void the_root_is_killed_and_everything_ends(void)
{
    sweep(strike, ROOT, moments());
}

static void a_server_is_killed_and_the_program_goes_on(void)
{
    sweep(strike, SERVER, moments());
}

static void a_child_is_killed_and_no_other_call_suffers(void)
{
    sweep(strike, CHILD, moments());
}

static void a_grandchild_is_killed_and_no_call_suffers(void)
{
    sweep(strike, GRANDCHILD, moments());
}

/* The same for pools whose calls start fresh; each strike hits many of their calls. */
static void fresh_pools_end_or_go_on_as_well(void)
{
    enum { SHARE = 4 };

    for (enum victim victim = PROGRAM; victim <= CHILD; victim++)
        sweep(strike_fresh, victim, (moments() + SHARE - 1) / SHARE);
}

/* A stopped process gets the end of the program all the same. */
static void stop_and_kill_the_program(enum victim victim, int64_t delay, struct busy_report *report)
{
    static struct calls_tree below;
    pid_t program = start_program(report, delay);

    CU_ASSERT_FATAL(signal_one(victim, SIGSTOP, program, &below));
    calls_tree_close(&below);
    CU_ASSERT_FATAL(signal_one(PROGRAM, SIGKILL, program, &below));
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&below, CALLS_SECOND), 0);
    calls_tree_close(&below);
    PROCSPAWN_CUNIT_EQUAL(children_left_behind(), 0);
}

enum { STOPS = 3 };

static void what_was_stopped_ends_with_the_program(void)
{
    for (enum victim victim = ROOT; victim < VICTIMS; victim++)
        sweep(stop_and_kill_the_program, victim, STOPS);
}

static void stop_and_go_on(enum victim victim, int64_t delay, struct busy_report *report)
{
    static struct calls_tree below;
    pid_t program = start_program(report, delay);

    check_that_calls_go_on(report);
    CU_ASSERT_FATAL(signal_one(victim, SIGSTOP, program, &below));
    calls_tree_close(&below);
    check_that_calls_go_on(report);
    end_in_order(report, program);
    PROCSPAWN_CUNIT_EQUAL(report->lost + report->closed, 0);
    PROCSPAWN_CUNIT_EQUAL(children_left_behind(), 0);
}

static void a_stopped_root_or_server_keeps_nobody_waiting(void)
{
    sweep(stop_and_go_on, ROOT, STOPS);
    sweep(stop_and_go_on, SERVER, STOPS);
}

/* Init gives up in time when its root is stopped; a server that is stopped is started again. */
static void a_stop_during_init_keeps_nobody_waiting(void)
{
    static struct calls_tree below;
    struct busy_report *report = busy_report_new();
    pid_t program = start_program(report, 0);

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    CU_ASSERT_FATAL(signal_one(ROOT, SIGSTOP, program, &below));
    calls_tree_close(&below);
    end_in_order(report, program);
    PROCSPAWN_CUNIT_EQUAL(report->wrong, 0);
    PROCSPAWN_CUNIT_EQUAL(children_left_behind(), 0);
    busy_report_free(report);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_program_is_killed_and_nothing_is_left),
    TEST(the_root_is_killed_and_everything_ends),
    TEST(a_server_is_killed_and_the_program_goes_on),
    TEST(a_child_is_killed_and_no_other_call_suffers),
    TEST(a_grandchild_is_killed_and_no_call_suffers),
    TEST(fresh_pools_end_or_go_on_as_well),
    TEST(what_was_stopped_ends_with_the_program),
    TEST(a_stopped_root_or_server_keeps_nobody_waiting),
    TEST(a_stop_during_init_keeps_nobody_waiting),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "kill", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
