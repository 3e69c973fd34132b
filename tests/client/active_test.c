/*
 * active_test.c - which servers get children: those with few, and more of them for many threads
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIVE = 700, THREADS = 40, SERVER_HAS_MANY = 256 };

static procspawn_handle *live[LIVE];

static void start_all(void)
{
    for (int i = 0; i < LIVE; i++)
        live[i] = calls_start(calls_hang, NULL);
}

static void end_all(void)
{
    for (int i = 0; i < LIVE; i++)
        procspawn_kill(live[i]);
    for (int i = 0; i < LIVE; i++) {
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(live[i], 60 * CALLS_SECOND, NULL), 0);
        procspawn_handle_free(live[i]);
    }
}

/* Returns how many children a process has, and the process id of one of them. */
static unsigned count_children(pid_t parent, unsigned number, pid_t *ret_pid)
{
    char path[64];
    unsigned count = 0;
    int pid;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *list = fopen(path, "re");
    while (list && fscanf(list, "%d", &pid) == 1) {
        if (count++ == number)
            *ret_pid = pid;
    }
    if (list)
        fclose(list);
    return count;
}

static unsigned count_servers(void)
{
    pid_t unused;
    return count_children(calls_root(), 0, &unused);
}

/* Returns the smallest number of children that a server has. */
static unsigned fewest_children(void)
{
    unsigned fewest = LIVE, servers = count_servers();

    for (unsigned i = 0; i < servers; i++) {
        pid_t server = 0, unused;
        count_children(calls_root(), i, &server);
        unsigned count = count_children(server, 0, &unused);
        fewest = count < fewest ? count : fewest;
    }
    return fewest;
}

static void when_all_servers_have_many_children_there_is_one_more(void)
{
    const unsigned before = count_servers();

    start_all();
    CU_ASSERT(count_servers() > before);
    CU_ASSERT(fewest_children() < SERVER_HAS_MANY);
    calls_check_work(20);
    end_all();
    calls_check_work(20);
}

static void a_server_gets_children_again_when_it_has_few(void)
{
    start_all();
    end_all();
    const unsigned before = count_servers();
    start_all();
    CU_ASSERT(count_servers() <= before + 1);
    end_all();
}

static void servers_that_rest_are_killed_and_replaced(void)
{
    start_all();
    end_all();
    const unsigned before = count_servers();
    struct calls_tree tree = { 0 };
    calls_tree_open(&tree, calls_root());
    calls_signal_servers(SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(calls_tree_left(&tree, 20 * CALLS_SECOND), 0);
    calls_tree_close(&tree);
    calls_check_work(50);
    for (int i = 0; i < 1000 && count_servers() < before; i++)
        poll(NULL, 0, 10);
    PROCSPAWN_CUNIT_EQUAL(count_servers(), before);
}

/* ---- threads ---- */

static bool enough;

static void *call_until_enough(void *unused)
{
    while (!__atomic_load_n(&enough, __ATOMIC_RELAXED))
        calls_integer(calls_start(calls_echo, json_integer(1)));
    return unused;
}

static void many_threads_have_more_servers(void)
{
    pthread_t threads[THREADS];
    const unsigned before = count_servers();

    enough = false;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, call_until_enough, NULL);
    for (int i = 0; i < 3000 && count_servers() == before; i++)
        poll(NULL, 0, 10);
    CU_ASSERT(count_servers() > before);
    __atomic_store_n(&enough, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- the end of the program ---- */

static void __attribute__((noreturn)) live_until_killed(int ready)
{
    calls_begin();
    start_all();
    (void)!write(ready, "", 1);
    for (;;)
        pause();
}

/* All that is left becomes a child of this process, which does not kill it. */
static void of_many_children_nothing_is_left_when_the_program_is_killed(void)
{
    int ready[2];
    char byte;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    CU_ASSERT_FATAL(pipe(ready) == 0);
    pid_t program = fork();
    if (program == 0)
        live_until_killed(ready[1]);
    PROCSPAWN_CUNIT_EQUAL(read(ready[0], &byte, 1), 1);
    kill(program, SIGKILL);
    const int64_t patience = calls_now() + 60 * CALLS_SECOND;
    pid_t pid = 1;
    while (pid >= 0 && calls_now() < patience) {
        pid = waitpid(-1, NULL, WNOHANG | __WALL);
        if (pid == 0)
            poll(NULL, 0, 1);
    }
    CU_ASSERT(pid < 0 && errno == ECHILD);
    close(ready[0]);
    close(ready[1]);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(when_all_servers_have_many_children_there_is_one_more),
    TEST(a_server_gets_children_again_when_it_has_few),
    TEST(servers_that_rest_are_killed_and_replaced),
    TEST(many_threads_have_more_servers),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo endings[] = {
    TEST(of_many_children_nothing_is_left_when_the_program_is_killed),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("active", tests),
    { .pName = "endings", .pTests = endings },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
