/*
 * killed_test.c - the root, a child and the program killed: what ends with them, and what goes on
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

    calls_stop(root);
    calls_stop(server);
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

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_killed_root_ends_everything),
    TEST(a_killed_child_costs_its_own_call_alone),
    TEST(nothing_outlives_a_killed_program_by_a_second),
    TEST(nothing_outlives_it_though_the_servers_are_stopped),
    TEST(a_program_may_be_killed_at_any_moment),
    TEST(leaving_without_fini_leaves_nothing),
    TEST(open_sockets_elsewhere_keep_nothing_alive),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "server", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
