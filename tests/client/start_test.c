/*
 * start_test.c - init without enough resources: it works, or reports at once what is missing
 */
#include "forkserver/forkserver.h"
#include "src/base/clock.h"
#include "src/client/unheard.h"
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 1234, SOON = 2 };

/* Runs in a process of its own, which ends with what it returns: 0 is right. */
static void check_apart(int (*run)(int), int argument)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(run(argument));
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

static int init_quickly(void)
{
    int64_t start = calls_now();
    int rc = procspawn_init(0, NULL);

    if (calls_now() - start > SOON * CALLS_SECOND)
        exit(10);
    return rc;
}

/* A call in a program that is short of the same. */
static int call_quickly(int shortage)
{
    procspawn_handle *handle;
    int64_t start = calls_now();
    int rc = procspawn(calls_echo, NULL, &handle);

    if (rc == 0) {
        rc = procspawn_join_timeout(handle, 10 * CALLS_SECOND, NULL, NULL);
        procspawn_handle_free(handle);
    }
    procspawn_fini();
    if (calls_now() - start > SOON * CALLS_SECOND)
        return 11;
    return rc == 0 || rc == shortage ? 0 : 12;
}

static int init_with_descriptors(int limit)
{
    struct rlimit few = { (rlim_t)limit, (rlim_t)limit };

    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
        close(fd);
    setrlimit(RLIMIT_NOFILE, &few);
    int rc = init_quickly();
    if (rc == -EMFILE)
        return 0;
    return rc == 0 ? call_quickly(-EMFILE) : 13;
}

static void a_small_table_of_descriptors_is_told_or_suffices(void)
{
    for (int limit = 3; limit <= 24; limit++)
        check_apart(init_with_descriptors, limit);
}

static int init_with_processes(int limit)
{
    struct rlimit few = { (rlim_t)limit, (rlim_t)limit };

    if (setresgid(SOMEBODY, SOMEBODY, SOMEBODY) < 0 || setresuid(SOMEBODY, SOMEBODY, SOMEBODY) < 0)
        return 1;
    setrlimit(RLIMIT_NPROC, &few);
    int rc = init_quickly();
    if (rc == -EAGAIN)
        return 0;
    return rc == 0 ? call_quickly(-EAGAIN) : 13;
}

static void a_small_number_of_processes_is_told_or_suffices(void)
{
    for (int limit = 1; limit <= 8; limit++)
        check_apart(init_with_processes, limit);
}

/* What a failed init had started comes to a program that adopts orphans. */
static int fail_as_reaper(int limit)
{
    struct rlimit few = { (rlim_t)limit, (rlim_t)limit };

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setrlimit(RLIMIT_NOFILE, &few);
    if (init_quickly() == 0)
        procspawn_fini();
    return waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD ? 0 : 14;
}

static void a_failed_init_leaves_no_process_to_a_reaper(void)
{
    for (int limit = 6; limit <= 16; limit++)
        check_apart(fail_as_reaper, limit);
}

/* The limit of the table is put back before what is left is counted. */
static int fail_and_count(int limit)
{
    struct rlimit before, few;
    unsigned open = calls_descriptors();

    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = (rlim_t)limit;
    setrlimit(RLIMIT_NOFILE, &few);
    int rc = init_quickly();
    setrlimit(RLIMIT_NOFILE, &before);
    if (rc == 0)
        return 0;
    return calls_descriptors() == open ? 0 : 15;
}

static int fail_late_and_count(int unused)
{
    procspawn_config *config = procspawn_config_new();
    unsigned open = calls_descriptors();

    (void)unused;
    procspawn_config_start_timeout(config, 0);
    int rc = procspawn_init_with(config, 0, NULL);
    procspawn_config_free(config);
    if (rc == 0)
        return 0;
    return calls_descriptors() == open ? 0 : 15;
}

static void a_failed_init_leaves_no_descriptor(void)
{
    for (int limit = 3; limit <= 24; limit++)
        check_apart(fail_and_count, limit);
    check_apart(fail_late_and_count, 0);
}

static int lose_the_root_as_reaper(int unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (init_quickly() < 0)
        return 1;
    kill(calls_root(), SIGKILL);
    call_quickly(PROCSPAWN_ESERVER);
    return waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD ? 0 : 14;
}

static void a_lost_root_leaves_no_process_to_a_reaper(void)
{
    for (int i = 0; i < 5; i++)
        check_apart(lose_the_root_as_reaper, 0);
}

/* Leaves an orphan of this name. */
static void leave_orphan(const char *name)
{
    pid_t parent = fork();

    if (parent == 0) {
        prctl(PR_SET_NAME, name);
        fork();
        _exit(0);
    }
    waitpid(parent, NULL, 0);
}

static int adopt_as_reaper(int unused)
{
    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    leave_orphan(FORKSERVER_SERVER_NAME);
    leave_orphan(FORKSERVER_ROOT_NAME);
    procspawn__unheard_reap(BASE_NEVER);
    if (waitpid(-1, NULL, 0) >= 0 || errno != ECHILD)
        return 14;
    leave_orphan("another");
    procspawn__unheard_reap(BASE_NEVER);
    return waitpid(-1, NULL, 0) > 0 ? 0 : 15;
}

/* The root is killed before it could tell of a server. */
static void a_server_that_is_not_known_is_reaped_and_no_other_orphan(void)
{
    check_apart(adopt_as_reaper, 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_small_table_of_descriptors_is_told_or_suffices),
    TEST(a_failed_init_leaves_no_process_to_a_reaper),
    TEST(a_failed_init_leaves_no_descriptor),
    TEST(a_lost_root_leaves_no_process_to_a_reaper),
    TEST(a_server_that_is_not_known_is_reaped_and_no_other_orphan),
    CU_TEST_INFO_NULL,
};

/* The limit does not bind root, and only root can change its user. */
static CU_TestInfo root_tests[] = {
    TEST(a_small_number_of_processes_is_told_or_suffices),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "start", .pTests = tests },
    { .pName = "start_limits", .pTests = root_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
