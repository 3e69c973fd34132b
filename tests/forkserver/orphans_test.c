/*
 * orphans_test.c - what calls leave behind, and how long their ends wait for it
 *
 * For processes that cannot be ended, a program without privileges calls a function that starts
 * such a process, or becomes one, by a set-user-id copy of this program.
 */
#include "tests/support/call_helpers.h"
#include "tests/support/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <forkscope/pool.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 1234 };

#define STUBBORN "stubborn"

static char directory[] = "/tmp/stubborn.XXXXXX";
static char copy[64];
static pid_t *stubborn;         /* shared: the one at hand */

/* ---- the copy ---- */

static int be_stubborn(const char *pid)
{
    char text[16];
    int fd = open(pid, O_WRONLY);

    if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 || fd < 0)
        return 1;
    setsid();
    int length = snprintf(text, sizeof text, "%d", (int)getpid());
    if (write(fd, text, (size_t)length) != length)
        return 1;
    close(fd);
    for (;;)
        pause();
}

static void begin(void)
{
    memcpy(strrchr(directory, '.') + 1, "XXXXXX", 6);
    CU_ASSERT_FATAL(mkdtemp(directory) != NULL);
    chmod(directory, 0777);
    snprintf(copy, sizeof copy, "%s/program", directory);
    stubborn = mmap(NULL, sizeof *stubborn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                    0);
    program_copy(copy, 0700);
    chmod(copy, 04755);
}

static void end(void)
{
    unlink(copy);
    rmdir(directory);
    munmap(stubborn, sizeof *stubborn);
}

/* ---- in the children ---- */

static void execute_copy(const char *pipe_name)
{
    execl(copy, copy, STUBBORN, pipe_name, (char *)NULL);
    _exit(99);
}

/* Returns when the process, this one or a child, is what it is to be. */
static void start_stubborn(void)
{
    char name[32], text[16] = "";
    int ends[2];

    if (pipe(ends) < 0)
        _exit(98);
    snprintf(name, sizeof name, "/proc/self/fd/%d", ends[1]);
    if (fork() == 0)
        execute_copy(name);
    close(ends[1]);
    if (read(ends[0], text, sizeof text - 1) <= 0)
        _exit(97);
    close(ends[0]);
    __atomic_store_n(stubborn, (pid_t)atoi(text), __ATOMIC_RELEASE);
}

static json_t *leave_a_stubborn_one(json_t *status)
{
    start_stubborn();
    _exit((int)json_integer_value(status));
}

static json_t *leave_one_and_answer(json_t *argument)
{
    start_stubborn();
    return json_incref(argument);
}

/* ---- the program without privilege ---- */

static int failures;

static void check(bool right, int line)
{
    if (!right)
        fprintf(stderr, "line %d\n", line);
    failures += !right;
}

#define CHECK(condition) check(condition, __LINE__)

static bool run_apart(void (*run)(void))
{
    int status = -1;
    pid_t pid = fork();

    *stubborn = 0;
    if (pid == 0) {
        failures = setresgid(SOMEBODY, SOMEBODY, SOMEBODY) < 0 ||
                   setresuid(SOMEBODY, SOMEBODY, SOMEBODY) < 0 || procspawn_init(0, NULL) < 0;
        run();
        _exit(failures == 0 ? 0 : 1);
    }
    /* It ends the stubborn one, as no other could, when the program says so by stopping. */
    while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
        kill(*stubborn, SIGKILL);
        kill(pid, SIGCONT);
    }
    return status == 0;
}

static void have_it_ended(void)
{
    raise(SIGSTOP);
}

static procspawn_handle *start(procspawn_function *function, int number)
{
    procspawn_handle *handle = NULL;
    json_t *argument = json_integer(number);

    CHECK(procspawn(function, argument, &handle) == 0);
    json_decref(argument);
    while (handle && function != calls_echo && __atomic_load_n(stubborn, __ATOMIC_ACQUIRE) == 0)
        poll(NULL, 0, 1);
    return handle;
}

/* It is not gone, but its process is, and its server has seen what that left. */
static void check_lingers(procspawn_handle *handle)
{
    pid_t pid = procspawn_pid(handle);

    while (kill(pid, 0) == 0)
        poll(NULL, 0, 1);
    CHECK(procspawn_wait_timeout(handle, 200 * CALLS_MS, NULL) == -ETIMEDOUT);
}

/* Those that were started when it was seen already, and those of after that. */
static void check_others(void)
{
    for (int i = 0; i < 12; i++) {
        procspawn_handle *other = start(calls_echo, i);
        CHECK(procspawn_wait_timeout(other, 10 * CALLS_SECOND, NULL) == 0);
        procspawn_handle_free(other);
    }
}

static void run_left_behind(void)
{
    procspawn_error *error = NULL;
    procspawn_handle *handle = start(leave_a_stubborn_one, 3);
    int64_t from = calls_now();

    check_lingers(handle);
    check_others();
    CHECK(procspawn_wait_timeout(handle, 0, NULL) == -ETIMEDOUT);
    CHECK(procspawn_join_timeout(handle, 10 * CALLS_SECOND, NULL, &error) == PROCSPAWN_ECALL);
    CHECK(calls_now() - from < 6 * CALLS_SECOND);
    CHECK(procspawn_error_exit_status(error) == 3);
    CHECK(procspawn_wait_timeout(handle, 100 * CALLS_MS, NULL) == -ETIMEDOUT);
    have_it_ended();
    CHECK(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL) == 0);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    CHECK(procspawn_fini() == 0);
}

static void what_one_call_left_holds_up_no_other(void)
{
    CU_ASSERT(run_apart(run_left_behind));
}

static void run_answered(void)
{
    procspawn_handle *handle = start(leave_one_and_answer, 5);
    json_t *result = NULL;

    CHECK(procspawn_join_timeout(handle, 10 * CALLS_SECOND, &result, NULL) == 0);
    CHECK(json_integer_value(result) == 5);
    json_decref(result);
    check_lingers(handle);
    check_others();
    have_it_ended();
    CHECK(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL) == 0);
    procspawn_handle_free(handle);
    CHECK(procspawn_fini() == 0);
}

static void an_answer_needs_no_end(void)
{
    CU_ASSERT(run_apart(run_answered));
}

/* The worker's slot is free again when its call has ended. */
static void run_in_pool(void)
{
    procspawn_pool *pool = NULL;
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    json_t *result = NULL;

    CHECK(procspawn_pool_new(1, &pool) == 0);
    CHECK(procspawn_pool_spawn(pool, leave_a_stubborn_one, NULL, &handle) == 0);
    CHECK(procspawn_join_timeout(handle, 10 * CALLS_SECOND, NULL, &error) == PROCSPAWN_ECALL);
    procspawn_error_free(error);
    procspawn_handle_free(handle);
    CHECK(procspawn_pool_spawn(pool, calls_pid, NULL, &handle) == 0);
    CHECK(procspawn_join_timeout(handle, 10 * CALLS_SECOND, &result, NULL) == 0);
    json_decref(result);
    procspawn_handle_free(handle);
    have_it_ended();
    procspawn_pool_free(pool);
    CHECK(procspawn_fini() == 0);
}

static void a_pool_has_another_worker(void)
{
    CU_ASSERT(run_apart(run_in_pool));
}

static void run_to_the_end(void)
{
    procspawn_handle *handle = start(leave_a_stubborn_one, 3);
    int64_t from = calls_now();

    CHECK(procspawn_fini_timeout(CALLS_SECOND) == -ETIMEDOUT);
    CHECK(procspawn_fini() == 0);
    CHECK(calls_now() - from < 15 * CALLS_SECOND);
    procspawn_handle_free(handle);
    have_it_ended();
}

static void the_end_of_everything_is_bounded(void)
{
    CU_ASSERT(run_apart(run_to_the_end));
}

/* The servers come to the program when the root is killed, and no root kills them. */
static void run_reaper_to_the_end(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    procspawn_handle *handle = start(leave_a_stubborn_one, 3);
    int64_t from = calls_now();

    CHECK(kill(calls_root(), SIGKILL) == 0);
    CHECK(procspawn_fini() == 0);
    CHECK(calls_now() - from < 15 * CALLS_SECOND);
    procspawn_handle_free(handle);
    have_it_ended();
}

static void so_it_is_for_who_reaps_what_others_leave(void)
{
    CU_ASSERT(run_apart(run_reaper_to_the_end));
}

/* ---- processes that end unseen ---- */

static void end_traced(void)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        _exit(0);
    }
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

static void live_on(void)
{
    if (fork() > 0)
        return;
    setsid();
    for (;;)
        pause();
}

/*
 * The kernel removes the dead ones after the death of their parent, which takes a moment for so
 * many, and lists the living one behind them. It holds the descriptor that the argument names.
 */
static json_t *leave_dead_ones(json_t *descriptor)
{
    enum { MANY = 280 };

    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < MANY; i++)
        end_traced();
    live_on();
    (void)descriptor;
    _exit(3);
}

/* The last process that holds the other end of the pipe has ended. */
static bool is_hung_up(int pipe_end)
{
    struct pollfd poll_fd = { .fd = pipe_end };
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
}

static void the_dead_that_nobody_waits_for_hide_no_other_and_hold_up_no_end(void)
{
    for (int i = 0; i < 20; i++) {
        int ends[2];
        CU_ASSERT_FATAL(pipe2(ends, O_CLOEXEC) == 0);
        procspawn_handle *handle = calls_start(leave_dead_ones, procspawn_value_fd_take(ends[1]));
        CU_ASSERT(procspawn_wait_timeout(handle, 20 * CALLS_SECOND, NULL) == 0);
        CU_ASSERT(is_hung_up(ends[0]));
        procspawn_handle_free(handle);
        close(ends[0]);
    }
}

#define TEST(name) { #name, name }

/* Not below a mount, or in a process, where executing a file cannot add rights. */
static bool can_be_set_user_id(void)
{
    struct statvfs tmp;

    return geteuid() == 0 && statvfs("/tmp", &tmp) == 0 && !(tmp.f_flag & ST_NOSUID) &&
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static CU_TestInfo unseen_tests[] = {
    TEST(the_dead_that_nobody_waits_for_hide_no_other_and_hold_up_no_end),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo tests[] = {
    TEST(what_one_call_left_holds_up_no_other),
    TEST(an_answer_needs_no_end),
    TEST(a_pool_has_another_worker),
    TEST(the_end_of_everything_is_bounded),
    TEST(so_it_is_for_who_reaps_what_others_leave),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("unseen", unseen_tests),
    { .pName = "stubborn", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], STUBBORN) == 0)
        return be_stubborn(argv[2]);
    if (!can_be_set_user_id())
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
