/*
 * cunit_test.c - the test runner: this program runs itself with tests that misbehave, one at a
 * time, and reads the report
 */
#include "tests/support/failing_tests.h"

#include <forkscope/cunit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
    int status;
    char text[16384];
};

static void read_all(int fd, struct outcome *ret_outcome)
{
    size_t used = 0;
    ssize_t got;

    while ((got = read(fd, ret_outcome->text + used, sizeof(ret_outcome->text) - 1 - used)) > 0)
        used += (size_t)got;
    ret_outcome->text[used] = '\0';
}

/* `args` follow the program's name, and end in NULL. */
static void run_anew(const char *const *args, struct outcome *ret_outcome)
{
    const char *argv[12] = { "cunit_test", "--misbehave" };
    int output[2];
    pid_t pid;

    for (int i = 0; args[i]; i++)
        argv[2 + i] = args[i];
    CU_ASSERT_FATAL(pipe(output) == 0);
    pid = fork();
    CU_ASSERT_FATAL(pid >= 0);
    if (pid == 0) {
        dup2(output[1], 1);
        dup2(output[1], 2);
        close(output[0]);
        close(output[1]);
        execv("/proc/self/exe", (char **)(uintptr_t)argv);
        _exit(127);
    }
    close(output[1]);
    read_all(output[0], ret_outcome);
    close(output[0]);
    CU_ASSERT(waitpid(pid, &ret_outcome->status, 0) == pid);
}

static void expect(const struct outcome *outcome, int status, const char *words)
{
    CU_ASSERT(WIFEXITED(outcome->status));
    PROCSPAWN_CUNIT_EQUAL(WEXITSTATUS(outcome->status), status);
    CU_ASSERT(!words || strstr(outcome->text, words) != NULL);
    if (WEXITSTATUS(outcome->status) != status || (words && !strstr(outcome->text, words)))
        printf("    wanted: %s\n    got:\n%s", words ? words : "", outcome->text);
}

static void expect_end(const struct outcome *outcome, const char *end)
{
    size_t length = strlen(outcome->text), wanted = strlen(end);

    CU_ASSERT(length >= wanted && strcmp(outcome->text + length - wanted, end) == 0);
}

static const struct verdict *verdict_of(const char *name)
{
    const struct verdict *verdict = verdicts;

    while (strcmp(verdict->name, name) != 0)
        verdict++;
    return verdict;
}

/* The name of the running test says which. In brackets, the last letter makes the pattern match
 * that name alone. */
static void verdict_is_right(void)
{
    const struct verdict *verdict = verdict_of(CU_get_current_test()->pName);
    size_t last = strlen(verdict->name) - 1;
    struct outcome outcome;
    char pattern[100];

    snprintf(pattern, sizeof(pattern), "misbehaving/%.*s[%c]", (int)last, verdict->name,
             verdict->name[last]);
    run_anew((const char *[]){ pattern, NULL }, &outcome);
    expect(&outcome, verdict->words ? 1 : 0, verdict->words);
    expect(&outcome, verdict->words ? 1 : 0, verdict->more_words);
    expect_end(&outcome, verdict->words ? "\n0 passed, 1 failed\n" : "\n1 passed, 0 failed\n");
}

static void a_bad_test_harms_no_other(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "behaves", "aborts", "leaves_a_daemon", "--repeat=3", NULL },
             &outcome);
    expect(&outcome, 1, "ok     misbehaving/behaves\n");
    expect_end(&outcome, "\n3 passed, 6 failed\n");
}

/* The pipe's end of file tells that the forked process, which has it open, is gone too. */
static void a_terminated_runner_leaves_nothing(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "behaves", "terminates_the_runner", NULL }, &outcome);
    CU_ASSERT(WIFSIGNALED(outcome.status));
    PROCSPAWN_CUNIT_EQUAL(WTERMSIG(outcome.status), SIGTERM);
    CU_ASSERT(strstr(outcome.text, "interrupted") != NULL);
    expect_end(&outcome, "\n1 passed, 1 failed\n");
}

static void the_factor_lengthens_the_limit(void)
{
    struct outcome outcome;

    setenv("PROCSPAWN_CUNIT_FACTOR", "5", 1);
    run_anew((const char *[]){ "waits_for_ever", NULL }, &outcome);
    unsetenv("PROCSPAWN_CUNIT_FACTOR");
    expect(&outcome, 1, "time limit exceeded after 1.");
}

static void no_match_is_no_success(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "no such test", NULL }, &outcome);
    expect(&outcome, 2, "no test to run");
}

static void a_bad_option_is_no_success(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "--repeat=none", NULL }, &outcome);
    expect(&outcome, 2, "not a count: none");
}

static void list_names_the_tests_that_match(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "--list", "calls_", NULL }, &outcome);
    expect(&outcome, 0, NULL);
    CU_ASSERT_STRING_EQUAL(outcome.text,
                           "misbehaving/calls_exit\nmisbehaving/calls_underscore_exit\n");
}

static void timeout_option_ends_a_test(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "--timeout=0", "behaves", NULL }, &outcome);
    expect(&outcome, 1, "time limit exceeded");
}

static void no_fork_runs_in_the_runner(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "--no-fork", "behaves", "shows_both", NULL }, &outcome);
    expect(&outcome, 1, "1 + 1 == 3: 2, not 3");
}

static void junit_file_is_written(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "--junit=/dev/stderr", "fails_an_", "behaves", NULL }, &outcome);
    expect(&outcome, 1, "<testsuite name=\"cunit\" tests=\"2\" failures=\"1\">");
    expect(&outcome, 1, "<failure message=\"CU_ASSERT_EQUAL(1,2)\">");
}

static void unwritable_junit_file_is_no_success(void)
{
    struct outcome outcome;

    run_anew((const char *[]){ "--junit=/dev/full", "behaves", NULL }, &outcome);
    expect(&outcome, 2, "/dev/full: ");
}

/* What runs around a test */

static int steps;

static void before_all(void)
{
    steps = 1;
}

static int suite_begins(void)
{
    steps = steps * 10 + 2;
    return 0;
}

static void test_begins(void)
{
    steps = steps * 10 + 3;
}

static void fixtures_run_in_order_in_each_process(void)
{
    PROCSPAWN_CUNIT_EQUAL(steps, 123);
    steps = steps * 10 + 4;
}

static void fixtures_run_anew_for_each_test(void)
{
    PROCSPAWN_CUNIT_EQUAL(steps, 123);
    steps = steps * 10 + 4;
}

static void test_ends(void)
{
    PROCSPAWN_CUNIT_EQUAL(steps, 1234);
    steps = steps * 10 + 5;
}

static int suite_ends(void)
{
    PROCSPAWN_CUNIT_EQUAL(steps, 12345);
    return 0;
}

static CU_TestInfo program_tests[] = {
    { "a_bad_test_harms_no_other", a_bad_test_harms_no_other },
    { "a_terminated_runner_leaves_nothing", a_terminated_runner_leaves_nothing },
    { "the_factor_lengthens_the_limit", the_factor_lengthens_the_limit },
    { "no_match_is_no_success", no_match_is_no_success },
    { "a_bad_option_is_no_success", a_bad_option_is_no_success },
    { "list_names_the_tests_that_match", list_names_the_tests_that_match },
    { "timeout_option_ends_a_test", timeout_option_ends_a_test },
    { "no_fork_runs_in_the_runner", no_fork_runs_in_the_runner },
    { "junit_file_is_written", junit_file_is_written },
    { "unwritable_junit_file_is_no_success", unwritable_junit_file_is_no_success },
    CU_TEST_INFO_NULL,
};

static CU_TestInfo fixture_tests[] = {
    { "fixtures_run_in_order_in_each_process", fixtures_run_in_order_in_each_process },
    { "fixtures_run_anew_for_each_test", fixtures_run_anew_for_each_test },
    CU_TEST_INFO_NULL,
};

int main(int argc, char **argv)
{
    CU_TestInfo verdict_tests[VERDICTS_MAX] = { 0 };
    CU_SuiteInfo suites[] = {
        { .pName = "verdict", .pTests = verdict_tests },
        { .pName = "program", .pTests = program_tests },
        { "fixture", suite_begins, suite_ends, test_begins, test_ends, fixture_tests },
        CU_SUITE_INFO_NULL,
    };
    int count = 0;

    if (argc > 1 && strcmp(argv[1], "--misbehave") == 0)
        return misbehave(argc - 1, argv + 1);
    for (int i = 0; verdicts[i].name; i++)
        if (verdicts[i].when)
            verdict_tests[count++] = (CU_TestInfo){ verdicts[i].name, verdict_is_right };
    procspawn_cunit_setup(before_all);
    return procspawn_cunit_run(suites, argc, argv);
}
