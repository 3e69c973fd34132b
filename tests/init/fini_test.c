/*
 * fini_test.c - procspawn_fini: whom it ends, and within which time
 */
#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

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
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_spawn(pool, calls_echo, NULL, &late), PROCSPAWN_ESHUTDOWN);
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

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(fini_ends_what_runs),
    TEST(fini_kills_the_deaf_after_the_grace),
    TEST(the_grace_of_fini_fits_into_its_timeout),
    TEST(fini_gives_up_at_its_timeout_and_can_be_repeated),
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
