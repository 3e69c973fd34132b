/*
 * orphan_list_test.c - the processes that the kernel lists as orphans of a server
 */
#include "forkserver/process/orphans.h"

#include <forkscope/cunit.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_nobody_known(const void *owner, pid_t pid)
{
    (void)owner, (void)pid;
    return false;
}

static unsigned find(pid_t listed)
{
    static const struct known_processes nobody = { .knows = is_nobody_known };
    struct orphans found;
    struct orphan_list list = { .fd = memfd_create("list", MFD_CLOEXEC) };

    dprintf(list.fd, "%d ", (int)listed);
    unsigned count = forkserver__orphans_kill(&list, &nobody, listed, &found);
    close(list.fd);
    return count;
}

static void a_listed_process_is_killed(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            pause();
    }
    CU_ASSERT(find(pid) == 1);
    CU_ASSERT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

/* The kernel may leave out what follows in the list when such a process is removed from it. */
static void a_listed_process_that_cannot_be_waited_for_counts_and_is_left_alone(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    CU_ASSERT(waitpid(pid, NULL, 0) == pid);
    CU_ASSERT(find(pid) == 1);
    CU_ASSERT(find(getpid()) == 1);
}

#define TEST(name) { #name, name }

static CU_TestInfo list_tests[] = {
    TEST(a_listed_process_is_killed),
    TEST(a_listed_process_that_cannot_be_waited_for_counts_and_is_left_alone),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "list", .pTests = list_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
