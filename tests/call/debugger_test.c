/*
 * debugger_test.c - time limits of a process that has a debugger, or traces itself
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t limit = 2 * CALLS_SECOND;
static const int64_t beyond = 7 * CALLS_SECOND / 2;

static void begin_with(bool limits_debugged)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_limits_debugged(config, limits_debugged);
    procspawn_config_start_timeout(config, CALLS_START_TIMEOUT);
    CU_ASSERT_FATAL(procspawn_init_with(config, 0, NULL) == 0);
    procspawn_config_free(config);
}

/* A tracer until the other end of the pipe is closed. */
static pid_t trace(pid_t pid, int *ret_end)
{
    int ends[2], words[2];
    char word = 'n';

    CU_ASSERT_FATAL(pipe(ends) == 0 && pipe(words) == 0);
    pid_t tracer = fork();
    if (tracer == 0) {
        close(ends[1]);
        word = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 ? 'y' : 'n';
        if (write(words[1], &word, 1) == 1 && read(ends[0], &word, 1) < 0)
            _exit(1);
        _exit(0);
    }
    close(ends[0]);
    close(words[1]);
    CU_ASSERT(read(words[0], &word, 1) == 1 && word == 'y');
    close(words[0]);
    *ret_end = ends[1];
    return tracer;
}

static procspawn_handle *start_limited(procspawn_function *function)
{
    procspawn_builder *builder = procspawn_builder_new();

    procspawn_builder_run_limit(builder, limit);
    procspawn_handle *handle = calls_build(builder, function, NULL);
    procspawn_builder_free(builder);
    return handle;
}

static void check_limit(procspawn_handle *handle)
{
    procspawn_error *error = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, 20 * CALLS_SECOND, NULL, &error),
                          PROCSPAWN_ECALL);
    calls_check_error(error, PROCSPAWN_ERROR_TIMED_OUT, PROCSPAWN_CAUSE_TIME_LIMIT);
}

static void end_tracer(pid_t tracer, int end)
{
    close(end);
    PROCSPAWN_CUNIT_EQUAL(waitpid(tracer, NULL, 0), tracer);
}

static void a_process_with_a_debugger_outlives_its_limit_until_that_leaves(void)
{
    int end;

    begin_with(false);
    procspawn_handle *handle = start_limited(calls_hang);
    pid_t tracer = trace(procspawn_pid(handle), &end);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(handle, beyond, NULL, NULL), -ETIMEDOUT);
    end_tracer(tracer, end);
    check_limit(handle);
    procspawn_handle_free(handle);
    calls_end();
}

static void the_limit_counts_where_the_program_says_so(void)
{
    int end;

    begin_with(true);
    procspawn_handle *handle = start_limited(calls_hang);
    pid_t tracer = trace(procspawn_pid(handle), &end);
    check_limit(handle);
    end_tracer(tracer, end);
    procspawn_handle_free(handle);
    calls_end();
}

/* Else any process could escape its limit. */
static json_t *is_traced_by_its_own_child(json_t *unused)
{
    pid_t self = getpid();

    if (fork() == 0) {
        ptrace(PTRACE_SEIZE, self, NULL, NULL);
        for (;;)
            pause();
    }
    for (;;)
        pause();
    return unused;
}

static void a_tracer_of_its_own_is_no_debugger(void)
{
    begin_with(false);
    procspawn_handle *handle = start_limited(is_traced_by_its_own_child);
    check_limit(handle);
    procspawn_handle_free(handle);
    calls_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_process_with_a_debugger_outlives_its_limit_until_that_leaves),
    TEST(the_limit_counts_where_the_program_says_so),
    TEST(a_tracer_of_its_own_is_no_debugger),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "debugger", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
