/*
 * unchanged_test.c - what init and fini leave unchanged in the program, and what children do not
 * have of it
 */
#include "forkserver/process/daemonize.h"
#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int child_signals;

static void on_child_signal(int signal)
{
    child_signals += signal == SIGCHLD;
}

static void the_program_s_wait_sees_nothing(void)
{
    struct sigaction action = { .sa_handler = on_child_signal };

    CU_ASSERT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    sigaction(SIGCHLD, &action, NULL);
    calls_begin();
    for (int i = 0; i < 20; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
    errno = 0;
    CU_ASSERT(waitpid(-1, NULL, WNOHANG) < 0);
    PROCSPAWN_CUNIT_EQUAL(errno, ECHILD);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(child_signals, 0);
}

static void read_dispositions(struct sigaction actions[NSIG])
{
    memset(actions, 0, NSIG * sizeof *actions);
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, NULL, &actions[signal]);
}

/* What the kernel fills of a sigset_t. */
enum { MASK_BYTES = NSIG / 8 };

static unsigned dispositions_changed(const struct sigaction before[NSIG])
{
    static struct sigaction after[NSIG];
    unsigned changed = 0;

    read_dispositions(after);
    for (int signal = 1; signal < NSIG; signal++)
        changed += before[signal].sa_handler != after[signal].sa_handler ||
                   before[signal].sa_flags != after[signal].sa_flags ||
                   memcmp(&before[signal].sa_mask, &after[signal].sa_mask, MASK_BYTES) != 0;
    return changed;
}

static void no_signal_disposition_or_mask_changes(void)
{
    static struct sigaction before[NSIG];
    sigset_t mask_before, mask_after;

    signal(SIGUSR1, on_child_signal);
    signal(SIGPIPE, SIG_IGN);
    read_dispositions(before);
    sigprocmask(SIG_SETMASK, NULL, &mask_before);
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
    PROCSPAWN_CUNIT_EQUAL(dispositions_changed(before), 0);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(dispositions_changed(before), 0);
    sigprocmask(SIG_SETMASK, NULL, &mask_after);
    CU_ASSERT(memcmp(&mask_before, &mask_after, MASK_BYTES) == 0);
}

static json_t *first_bytes(json_t *argument)
{
    char bytes[16] = "";
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes - 1);
    (void)argument;
    return json_pack("[I, b]", (json_int_t)n, fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

/* In a process of its own, for the runner wants the streams back as they were. */
static void run_without_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    calls_begin();
    for (int i = 0; i < 3; i++) {
        json_t *found = calls_result(calls_start(first_bytes, NULL));
        PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(found, 0)), 0);
        CU_ASSERT(json_is_true(json_array_get(found, 1)));
        json_decref(found);
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            CU_ASSERT(fcntl(fd, F_GETFD) < 0);
    }
    calls_end();
    _exit(0);
}

static void closed_streams_stay_closed_and_are_null_in_children(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        run_without_streams();
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static json_t *own_signals(json_t *argument)
{
    struct sigaction action;
    sigset_t mask;
    (void)argument;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigaction(SIGCHLD, NULL, &action);
    return json_pack("[b, b]", sigismember(&mask, SIGTERM), action.sa_handler == SIG_DFL);
}

static void blocked_and_ignored_signals_of_the_program_do_no_harm(void)
{
    sigset_t all, old;

    signal(SIGCHLD, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    calls_begin();
    json_t *found = calls_result(calls_start(own_signals, NULL));
    CU_ASSERT(json_is_false(json_array_get(found, 0)));
    CU_ASSERT(json_is_true(json_array_get(found, 1)));
    json_decref(found);
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    calls_end();
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static json_t *own_descriptors(json_t *argument)
{
    (void)argument;
    return json_integer(calls_descriptors());
}

static void children_have_no_descriptor_of_the_program(void)
{
    enum { HIGH = 100, STREAMS_AND_SOCKETS = 5 };
    int all = STREAMS_AND_SOCKETS + __builtin_popcountll(forkserver__open_numbers());
    int leaked = fcntl(STDIN_FILENO, F_DUPFD, HIGH);

    CU_ASSERT(leaked >= HIGH);
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_descriptors, NULL)), all);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(own_descriptors, NULL)), all);
    calls_end();
    close(leaked);
}

static int *exit_calls;

static void count_exit(void)
{
    __atomic_add_fetch(exit_calls, 1, __ATOMIC_RELAXED);
}

static json_t *call_exit(json_t *argument)
{
    (void)argument;
    exit(5);
}

static json_t *call_quick_exit(json_t *argument)
{
    (void)argument;
    quick_exit(6);
}

static void count_own_exit(void)
{
    __atomic_add_fetch(exit_calls, 100, __ATOMIC_RELAXED);
}

static json_t *register_and_exit(json_t *argument)
{
    atexit(count_own_exit);
    return call_exit(argument);
}

static void a_child_runs_the_exit_handlers_that_it_registered(void)
{
    exit_calls = shared_map();
    atexit(count_exit);
    calls_begin();
    procspawn_error_free(calls_error(calls_start(register_and_exit, NULL)));
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(__atomic_load_n(exit_calls, __ATOMIC_RELAXED), 100);
    procspawn_cunit_allow(PROCSPAWN_CUNIT_MAPPINGS);
}

static void exit_handlers_of_the_program_do_not_run_in_children(void)
{
    exit_calls = shared_map();
    atexit(count_exit);
    at_quick_exit(count_exit);
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
    procspawn_error *error = calls_error(calls_start(call_exit, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 5);
    procspawn_error_free(error);
    error = calls_error(calls_start(call_quick_exit, NULL));
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_exit_status(error), 6);
    procspawn_error_free(error);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(__atomic_load_n(exit_calls, __ATOMIC_RELAXED), 0);
    procspawn_cunit_allow(PROCSPAWN_CUNIT_MAPPINGS);
}

static void buffered_output_of_the_program_appears_once(void)
{
    char text[64] = "";
    int ends[2];

    CU_ASSERT_FATAL(pipe(ends) == 0);
    FILE *stream = fdopen(ends[1], "w");
    fputs("once", stream);
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
    calls_end();
    fclose(stream);
    CU_ASSERT(read(ends[0], text, sizeof text - 1) == 4);
    CU_ASSERT_STRING_EQUAL(text, "once");
    CU_ASSERT(read(ends[0], text, sizeof text - 1) == 0);
    close(ends[0]);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(the_program_s_wait_sees_nothing),
    TEST(no_signal_disposition_or_mask_changes),
    TEST(closed_streams_stay_closed_and_are_null_in_children),
    TEST(blocked_and_ignored_signals_of_the_program_do_no_harm),
    TEST(children_have_no_descriptor_of_the_program),
    TEST(a_child_runs_the_exit_handlers_that_it_registered),
    TEST(exit_handlers_of_the_program_do_not_run_in_children),
    TEST(buffered_output_of_the_program_appears_once),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "init", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
