/*
 * server_test.c - the fork server killed, stopped and starved; and the program killed above it
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 1234 };

/* What a test shares with its processes. */
struct shared {
    int ready;
    pid_t grandchildren[8];
};

static struct shared *shared;
static struct calls_tree *tree;

static void begin(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    tree = calloc(1, sizeof *tree);
}

static void end(void)
{
    calls_tree_close(tree);
    free(tree);
    munmap(shared, sizeof *shared);
}

static void wait_for_ready(int count)
{
    while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < count)
        poll(NULL, 0, 1);
}

static void tell_ready(void)
{
    __atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELEASE);
}

/* ---- killed ---- */

static void a_killed_root_ends_everything(void)
{
    procspawn_handle *later = NULL;

    calls_begin();
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    calls_tree_open(tree, getpid());
    kill(calls_root(), SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, CALLS_SECOND), 0);
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_SERVER_LOST, PROCSPAWN_CAUSE_NONE);
    int rc = procspawn(calls_echo, NULL, &later);
    if (rc == 0) {
        /* A spare that had come before the end was taken. */
        calls_check_error(calls_error(later), PROCSPAWN_ERROR_SERVER_LOST, PROCSPAWN_CAUSE_NONE);
        rc = procspawn(calls_echo, NULL, &later);
    }
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ESERVER);
    calls_end();
    calls_begin();
    calls_check_work(1);
    calls_end();
}

static json_t *tell_and_hang(json_t *argument)
{
    tell_ready();
    return calls_hang(argument);
}

static void a_killed_child_costs_its_own_call_alone(void)
{
    calls_begin();
    procspawn_handle *other = calls_start(calls_hang, NULL);
    shared->ready = 0;
    procspawn_handle *handle = calls_start(tell_and_hang, NULL);
    wait_for_ready(1);
    kill(procspawn_pid(handle), SIGKILL);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGKILL);
    calls_check_error(error, PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_SIGNAL);
    PROCSPAWN_CUNIT_EQUAL(procspawn_join_timeout(other, 0, NULL, NULL), -ETIMEDOUT);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(other), 0);
    calls_check_error(calls_error(other), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
    calls_end();
}

/* ---- stopped ---- */

static void a_stopped_server_goes_on(void)
{
    enum { MORE_THAN_SPARES = 300 };

    calls_begin();
    calls_signal_servers(SIGSTOP);
    calls_check_work(MORE_THAN_SPARES);
    calls_end();
}

/* A stopped root lets no server go on. */
static void a_stopped_server_is_passed_over(void)
{
    calls_begin();
    kill(calls_root(), SIGSTOP);
    kill(calls_server(), SIGSTOP);
    int64_t start = calls_now();
    calls_check_work(20);
    CU_ASSERT(calls_now() - start < 20 * CALLS_SECOND);
    kill(calls_server(), SIGCONT);
    kill(calls_root(), SIGCONT);
    calls_check_work(5);
    calls_end();
}

static void with_root_and_servers_stopped_a_call_fails_in_the_end(void)
{
    enum { MORE_THAN_SPARES = 300 };
    procspawn_handle *handle;
    int rc = 0;

    calls_begin();
    kill(calls_root(), SIGSTOP);
    calls_signal_servers(SIGSTOP);
    for (int i = 0; i < MORE_THAN_SPARES && rc == 0; i++) {
        rc = procspawn(calls_echo, NULL, &handle);
        if (rc == 0)
            procspawn_handle_free(handle);
    }
    PROCSPAWN_CUNIT_EQUAL(rc, PROCSPAWN_ESERVER);
    calls_signal_servers(SIGCONT);
    kill(calls_root(), SIGCONT);
    calls_check_work(10);
    calls_end();
}

/* ---- the program killed ---- */

static void leave_grandchild(int index)
{
    if (fork() != 0)
        return;
    setsid();
    if (fork() == 0) {
        for (int signal = 1; signal < NSIG; signal++)
            sigaction(signal, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
        shared->grandchildren[index] = getpid();
        tell_ready();
        for (;;)
            pause();
    }
    _exit(0);
}

static json_t *leave_grandchild_and_hang(json_t *argument)
{
    leave_grandchild((int)json_integer_value(argument));
    return calls_hang(argument);
}

static json_t *nest_and_hang(json_t *argument)
{
    procspawn_handle *handle;

    if (procspawn(leave_grandchild_and_hang, argument, &handle) < 0)
        return NULL;
    return calls_hang(argument);
}

static pid_t start_program(void (*run)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        calls_begin();
        run();
        for (;;)
            pause();
    }
    return pid;
}

static void check_nothing_left(pid_t program, int64_t patience)
{
    waitpid(program, NULL, 0);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(tree, patience), 0);
    calls_tree_close(tree);
}

static void start_many(void)
{
    procspawn_handle *handle;

    for (int i = 0; i < 4; i++)
        procspawn(leave_grandchild_and_hang, json_integer(i), &handle);
    for (int i = 4; i < 8; i++)
        procspawn(nest_and_hang, json_integer(i), &handle);
}

static pid_t start_many_and_look(void)
{
    shared->ready = 0;
    pid_t program = start_program(start_many);
    wait_for_ready(8);
    calls_tree_open(tree, program);
    for (int i = 0; i < 8; i++)
        calls_tree_add(tree, shared->grandchildren[i]);
    CU_ASSERT(tree->count > 8 + 8 + 4);
    return program;
}

static void nothing_outlives_a_killed_program_by_a_second(void)
{
    pid_t program = start_many_and_look();

    kill(program, SIGKILL);
    check_nothing_left(program, CALLS_SECOND);
}

static void nothing_outlives_it_though_the_servers_are_stopped(void)
{
    pid_t program = start_many_and_look();
    pid_t root = calls_child_named(program, "forkscope-root");
    pid_t server = calls_child_named(root, "forkscope-serve");

    kill(root, SIGSTOP);
    kill(server, SIGSTOP);
    kill(program, SIGKILL);
    check_nothing_left(program, CALLS_SECOND);
}

static void spawn_for_ever(void)
{
    for (int i = 0;; i++) {
        procspawn_handle *handle = calls_start(i % 3 ? calls_echo : calls_hang, NULL);
        tell_ready();
        if (i % 3)
            procspawn_join(handle, NULL, NULL);
        procspawn_handle_free(handle);
    }
}

static void a_program_may_be_killed_at_any_moment(void)
{
    for (int i = 0; i < 10; i++) {
        shared->ready = 0;
        pid_t program = start_program(spawn_for_ever);
        wait_for_ready(1 + i * 7);
        usleep((useconds_t)(i * 137));
        calls_tree_open(tree, program);
        kill(program, SIGKILL);
        check_nothing_left(program, CALLS_SECOND);
    }
}

static void leave_by_exit(void)
{
    start_many();
    wait_for_ready(9);
    _exit(0);
}

static void leaving_without_fini_leaves_nothing(void)
{
    pid_t program = start_program(leave_by_exit);

    wait_for_ready(8);
    calls_tree_open(tree, program);
    tell_ready();
    check_nothing_left(program, CALLS_SECOND);
}

/* A process that the program has forked holds the server's sockets open. */
static void fork_and_start(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            pause();
    }
    shared->grandchildren[7] = pid;
    procspawn_handle *handle;
    procspawn(leave_grandchild_and_hang, json_integer(0), &handle);
}

static void open_sockets_elsewhere_keep_nothing_alive(void)
{
    pid_t program = start_program(fork_and_start);

    wait_for_ready(1);
    pid_t forked = shared->grandchildren[7];
    calls_tree_open(tree, calls_child_named(program, "forkscope-root"));
    calls_tree_add(tree, calls_child_named(program, "forkscope-root"));
    kill(program, SIGKILL);
    check_nothing_left(program, CALLS_SECOND);
    CU_ASSERT(kill(forked, 0) == 0);
    kill(forked, SIGKILL);
}

/* ---- starved ---- */

static void without_descriptors_calls_are_refused_and_later_work(void)
{
    struct rlimit old, tight;
    procspawn_handle *handle[64];
    int count = 0, rc = 0;

    calls_begin();
    calls_check_work(3);
    getrlimit(RLIMIT_NOFILE, &old);
    tight = (struct rlimit){ calls_descriptors() + 20, old.rlim_max };
    setrlimit(RLIMIT_NOFILE, &tight);
    while (count < 64 && rc == 0) {
        rc = procspawn(calls_echo, NULL, &handle[count]);
        count += rc == 0;
    }
    PROCSPAWN_CUNIT_EQUAL(rc, -EMFILE);
    CU_ASSERT(count > 3);
    while (count > 0)
        json_decref(calls_result(handle[--count]));
    setrlimit(RLIMIT_NOFILE, &old);
    calls_check_work(20);
    calls_end();
}

/* What RLIMIT_NPROC counts are threads. */
#ifdef __SANITIZE_THREAD__
enum { THREADS_EACH = 2 };
#else
enum { THREADS_EACH = 1 };
#endif

static void run_with_few_processes(void)
{
    enum { PROCESSES = 12 };
    struct rlimit few = { PROCESSES, PROCESSES };
    procspawn_handle *handle[PROCESSES];
    procspawn_config *config = procspawn_config_new();
    int count = 0, rc = 0;

    CU_ASSERT_FATAL(setresgid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
    CU_ASSERT_FATAL(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
    setrlimit(RLIMIT_NPROC, &few);
    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_config_init(config, 0, NULL), 0);
    procspawn_config_free(config);
    while (count < PROCESSES && rc == 0) {
        rc = procspawn(calls_hang, NULL, &handle[count]);
        count += rc == 0;
    }
    PROCSPAWN_CUNIT_EQUAL(rc, -EAGAIN);
    CU_ASSERT(count >= PROCESSES / 2 / THREADS_EACH);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle[--count]), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle[count], 10 * CALLS_SECOND, NULL), 0);
    procspawn_handle_free(handle[count]);
    for (int i = 0; i < 5; i++) {
        handle[count] = calls_start(calls_echo, json_integer(i));
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait(handle[count], 10 * CALLS_SECOND, NULL), 0);
        PROCSPAWN_CUNIT_EQUAL(calls_integer(handle[count]), i);
    }
    while (count > 0)
        procspawn_handle_free(handle[--count]);
    calls_end();
}

static void without_processes_calls_are_refused_and_later_work(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        run_with_few_processes();
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

/* ---- crowded ---- */

static void *call_ten_times(void *number)
{
    calls_check_work(10);
    return number;
}

static void many_threads_may_call_at_once(void)
{
    enum { THREADS = 64 };
    pthread_t thread[THREADS];

    calls_begin();
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_FATAL(pthread_create(&thread[i], NULL, call_ten_times, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    calls_end();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_killed_root_ends_everything),
    TEST(a_killed_child_costs_its_own_call_alone),
    TEST(a_stopped_server_goes_on),
    TEST(a_stopped_server_is_passed_over),
    TEST(with_root_and_servers_stopped_a_call_fails_in_the_end),
    TEST(nothing_outlives_a_killed_program_by_a_second),
    TEST(nothing_outlives_it_though_the_servers_are_stopped),
    TEST(a_program_may_be_killed_at_any_moment),
    TEST(leaving_without_fini_leaves_nothing),
    TEST(open_sockets_elsewhere_keep_nothing_alive),
    TEST(without_descriptors_calls_are_refused_and_later_work),
    TEST(many_threads_may_call_at_once),
    CU_TEST_INFO_NULL,
};

/* The limit does not bind root, and only root can change its user. */
static CU_TestInfo root_tests[] = {
    TEST(without_processes_calls_are_refused_and_later_work),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "server", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    { .pName = "server_limits", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = root_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
