/*
 * desertion_test.c - the servers and the root are killed, and what a function has left holds the
 * channel of its call: nobody ends it, and nobody reports the end of the call
 */
#include "tests/support/call_helpers.h"
#include "tests/support/pool_helpers.h"

#include <forkscope/tree.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t *left;             /* shared with the process that is left; 0: not yet */

static void begin(void)
{
    left = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void end(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    munmap(left, sizeof *left);
}

static json_t *leave_one_and_hang(json_t *argument)
{
    if (fork() == 0) {
        setsid();
        __atomic_store_n(left, getpid(), __ATOMIC_RELEASE);
    }
    return calls_hang(argument);
}

static void wait_until_left(void)
{
    while (__atomic_load_n(left, __ATOMIC_ACQUIRE) == 0)
        poll(NULL, 0, 1);
}

/* A stopped root does not see the deaths of its servers. Then it is killed itself. */
static void kill_all_servers(void)
{
    pid_t root = calls_root();
    siginfo_t info;

    calls_stop(root);
    CU_ASSERT(waitid(P_PID, (id_t)root, &info, WSTOPPED | __WALL | WNOWAIT) == 0);
    calls_signal_servers(SIGKILL);
    kill(root, SIGKILL);
}

static void check_lost(procspawn_handle *handle)
{
    procspawn_error *error = NULL;
    int64_t start = calls_now();

    PROCSPAWN_CUNIT_EQUAL(procspawn_join(handle, NULL, &error), PROCSPAWN_ECALL);
    CU_ASSERT(calls_now() - start < 5 * CALLS_SECOND);
    calls_check_error(error, PROCSPAWN_ERROR_SERVER_LOST, PROCSPAWN_CAUSE_NONE);
    CU_ASSERT(kill(*left, 0) == 0);
}

/* It has become a child of this process. */
static void end_what_is_left(void)
{
    kill(*left, SIGKILL);
    PROCSPAWN_CUNIT_EQUAL(waitpid(*left, NULL, 0), *left);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

static void a_call_is_lost_though_its_channel_is_held(void)
{
    calls_begin();
    procspawn_handle *handle = calls_start(leave_one_and_hang, NULL);
    wait_until_left();
    kill_all_servers();
    check_lost(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 0, NULL), PROCSPAWN_ESERVER);
    procspawn_handle_free(handle);
    procspawn_fini();
    end_what_is_left();
}

static void a_call_of_a_pool_is_lost_though_its_channel_is_held(void)
{
    procspawn_pool *pool;

    calls_begin();
    CU_ASSERT_FATAL(procspawn_pool_new(1, &pool) == 0);
    procspawn_handle *handle = pool_start(pool, leave_one_and_hang, NULL);
    wait_until_left();
    kill_all_servers();
    check_lost(handle);
    procspawn_handle_free(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_free_timeout(pool, 10 * CALLS_SECOND), 0);
    procspawn_fini();
    end_what_is_left();
}

static void a_scope_closes_though_the_channel_of_its_call_is_held(void)
{
    scoped_spawner root;
    procspawn_handle *handle;

    calls_begin();
    CU_ASSERT_FATAL(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT_FATAL(scoped_procspawn(root, NULL, leave_one_and_hang, NULL, &handle) == 0);
    wait_until_left();
    kill_all_servers();
    PROCSPAWN_CUNIT_EQUAL(scoped_cancel_close(root, forkscope_after(10 * CALLS_SECOND), NULL), 0);
    procspawn_handle_free(handle);
    procspawn_fini();
    end_what_is_left();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_call_is_lost_though_its_channel_is_held),
    TEST(a_call_of_a_pool_is_lost_though_its_channel_is_held),
    TEST(a_scope_closes_though_the_channel_of_its_call_is_held),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "desertion", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
