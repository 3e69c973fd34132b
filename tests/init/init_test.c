/*
 * init_test.c - procspawn_init and procspawn_fini, and what they leave unchanged in the program
 */
#include "forkserver/process/daemonize.h"
#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/pool.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void *wait_for_end(void *fd)
{
    char byte;
    ssize_t n = read(*(int *)fd, &byte, 1);
    return n == 0 ? NULL : fd;
}

static void a_second_thread_is_refused(void)
{
    int ends[2];
    pthread_t thread;

    CU_ASSERT_FATAL(pipe(ends) == 0);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, wait_for_end, &ends[0]) == 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), PROCSPAWN_ETHREADS);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    calls_begin();
    calls_end();
}

static void a_second_init_is_refused(void)
{
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), -EALREADY);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(1))), 1);
    calls_end();
}

static json_t *own_args(json_t *argument)
{
    int argc;
    char **argv;
    (void)argument;

    if (procspawn_args(&argc, &argv) < 0)
        return NULL;
    return argc == 0 ? json_null() : json_pack("[i, s]", argc, argv[argc - 1]);
}

static char *const some_args[] = {
    (char *)(uintptr_t)"program", (char *)(uintptr_t)"--last", NULL
};

static void children_see_the_arguments(void)
{
    int argc = 0;
    char **argv = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn_init(2, (char **)(uintptr_t)some_args), 0);
    json_t *args = calls_result(calls_start(own_args, NULL));
    PROCSPAWN_CUNIT_EQUAL(json_integer_value(json_array_get(args, 0)), 2);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(args, 1)), "--last");
    json_decref(args);
    PROCSPAWN_CUNIT_EQUAL(procspawn_args(&argc, &argv), 0);
    PROCSPAWN_CUNIT_EQUAL(argc, 2);
    CU_ASSERT(argv == some_args);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(procspawn_args(&argc, &argv), PROCSPAWN_ENOTINIT);
}

static void passing_of_arguments_can_be_switched_off(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_pass_args(config, false);
    PROCSPAWN_CUNIT_EQUAL(procspawn_config_init(config, 2, (char **)(uintptr_t)some_args), 0);
    procspawn_config_free(config);
    json_t *args = calls_result(calls_start(own_args, NULL));
    CU_ASSERT(json_is_null(args));
    json_decref(args);
    calls_end();
}

static int noted;

static void note(void *argument)
{
    noted = *(int *)argument;
}

static json_t *what_was_noted(json_t *argument)
{
    (void)argument;
    return json_integer(noted);
}

static void the_callback_runs_in_every_child(void)
{
    static int number = 77;
    procspawn_config *config = procspawn_config_new();

    procspawn_config_callback(config, note, &number);
    PROCSPAWN_CUNIT_EQUAL(procspawn_config_init(config, 0, NULL), 0);
    procspawn_config_free(config);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(what_was_noted, NULL)), 77);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(what_was_noted, NULL)), 77);
    PROCSPAWN_CUNIT_EQUAL(noted, 0);
    calls_end();
}

static void without_spares_calls_work(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_config_init(config, 0, NULL), 0);
    procspawn_config_free(config);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(3))), 3);
    calls_end();
}

static void before_init_calls_are_refused(void)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, NULL, &handle), PROCSPAWN_ENOTINIT);
    CU_ASSERT(handle == NULL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), PROCSPAWN_ENOTINIT);
}

static void in_forked_process(void)
{
    procspawn_handle *handle = NULL;

    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, NULL, &handle), PROCSPAWN_ENOTINIT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), PROCSPAWN_ENOTINIT);
    unsigned before = calls_descriptors();
    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(9))), 9);
    calls_end();
    CU_ASSERT(calls_descriptors() <= before);
}

static void a_forked_process_needs_an_init_of_its_own(void)
{
    int status = -1;

    calls_begin();
    PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(8))), 8);
    pid_t pid = fork();
    if (pid == 0) {
        in_forked_process();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
    for (int i = 0; i < 20; i++)
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
    calls_end();
}

static void a_daemon_needs_an_init_of_its_own(void)
{
    int ends[2];
    char byte = 0;

    CU_ASSERT_FATAL(pipe(ends) == 0);
    calls_begin();
    pid_t pid = fork();
    if (pid == 0) {
        calls_begin();
        CU_ASSERT(daemon(1, 1) == 0);
        in_forked_process();
        CU_ASSERT(write(ends[1], "d", 1) == 1);
        _exit(0);
    }
    close(ends[1]);
    waitpid(pid, NULL, 0);
    CU_ASSERT(read(ends[0], &byte, 1) == 1);
    CU_ASSERT(byte == 'd');
    CU_ASSERT(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
    calls_end();
}

static void fini_ends_what_runs(void)
{
    struct calls_tree *tree = malloc(sizeof *tree);

    calls_begin();
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    calls_tree_open(tree, getpid());
    CU_ASSERT(tree->count >= 4);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, 0), 0);
    calls_tree_close(tree);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), PROCSPAWN_ESERVER);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    free(tree);
}

static int *deaf;

static json_t *hang_deaf(json_t *argument)
{
    signal(SIGTERM, SIG_IGN);
    __atomic_store_n(deaf, 1, __ATOMIC_RELEASE);
    return calls_hang(argument);
}

/* A call that hears no SIGTERM any more. */
static procspawn_handle *start_deaf_call(void)
{
    deaf = shared_map();
    calls_begin();
    procspawn_handle *handle = calls_start(hang_deaf, NULL);
    while (!__atomic_load_n(deaf, __ATOMIC_ACQUIRE))
        poll(NULL, 0, 1);
    return handle;
}

static void fini_kills_the_deaf_after_the_grace(void)
{
    procspawn_handle *handle = start_deaf_call();
    int64_t start = calls_now();
    calls_end();
    int64_t took = calls_now() - start;
    CU_ASSERT(took >= 1900 * CALLS_MS);
    CU_ASSERT(took < 3500 * CALLS_MS);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    munmap(deaf, sizeof *deaf);
}

static void the_grace_of_fini_fits_into_its_timeout(void)
{
    procspawn_handle *handle = start_deaf_call();
    int64_t start = calls_now();
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini_timeout(2 * CALLS_SECOND), 0);
    CU_ASSERT(calls_now() - start >= 600 * CALLS_MS);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    munmap(deaf, sizeof *deaf);
}

/* A traced process is not gone before its tracer has been notified, killed or not. */
static void await_death_of_traced(pid_t pid)
{
    int status = 0;

    while (!WIFSIGNALED(status))
        CU_ASSERT_FATAL(waitpid(pid, &status, __WALL) == pid);
    PROCSPAWN_CUNIT_EQUAL(WTERMSIG(status), SIGKILL);
}

static void fini_gives_up_at_its_timeout_and_can_be_repeated(void)
{
    struct calls_tree *tree = malloc(sizeof *tree);
    procspawn_handle *late = NULL;
    procspawn_pool *pool = NULL;

    calls_begin();
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    pid_t pid = procspawn_pid(handle);
    CU_ASSERT_FATAL(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
    calls_tree_open(tree, getpid());
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini_timeout(0), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini_timeout(20 * CALLS_MS), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, NULL, &late), PROCSPAWN_ENOTINIT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), -ESHUTDOWN);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), -EALREADY);
    await_death_of_traced(pid);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini_timeout(20 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, 0), 0);
    calls_tree_close(tree);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini_timeout(0), PROCSPAWN_ENOTINIT);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    procspawn_pool_free(pool);
    free(tree);
}

static void init_works_again_after_fini(void)
{
    for (int i = 0; i < 5; i++) {
        calls_begin();
        PROCSPAWN_CUNIT_EQUAL(calls_integer(calls_start(calls_echo, json_integer(i))), i);
        calls_end();
    }
}

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
    TEST(a_second_thread_is_refused),
    TEST(a_second_init_is_refused),
    TEST(children_see_the_arguments),
    TEST(passing_of_arguments_can_be_switched_off),
    TEST(the_callback_runs_in_every_child),
    TEST(without_spares_calls_work),
    TEST(before_init_calls_are_refused),
    TEST(a_forked_process_needs_an_init_of_its_own),
    TEST(a_daemon_needs_an_init_of_its_own),
    TEST(fini_ends_what_runs),
    TEST(fini_kills_the_deaf_after_the_grace),
    TEST(the_grace_of_fini_fits_into_its_timeout),
    TEST(fini_gives_up_at_its_timeout_and_can_be_repeated),
    TEST(init_works_again_after_fini),
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
