/*
 * proc_test.c - what is read about other processes in /proc, also without a free descriptor
 */
#include "src/base/proc.h"

#include <forkscope/cunit.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rlimit before;

static void take_descriptors(void)
{
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, before.rlim_max });
}

static void give_descriptors(void)
{
    setrlimit(RLIMIT_NOFILE, &before);
}

static pid_t start_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            pause();
    }
    return pid;
}

static void kill_unreaped(pid_t pid)
{
    siginfo_t info;

    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

static void a_process_is_seen_to_live_and_to_end(void)
{
    pid_t pid = start_sleeper();

    CU_ASSERT(base__proc_is_ours());
    CU_ASSERT(!base__proc_is_ending(pid));
    kill_unreaped(pid);
    CU_ASSERT(base__proc_is_ending(pid));
    waitpid(pid, NULL, 0);
    CU_ASSERT(base__proc_is_ending(pid));
}

static void so_it_is_where_no_descriptor_is_to_be_had(void)
{
    pid_t pid = start_sleeper();

    take_descriptors();
    bool ours = base__proc_is_ours(), alive = !base__proc_is_ending(pid);
    kill_unreaped(pid);
    bool dead = base__proc_is_ending(pid);
    waitpid(pid, NULL, 0);
    bool gone = base__proc_is_ending(pid);
    give_descriptors();
    CU_ASSERT(ours);
    CU_ASSERT(alive);
    CU_ASSERT(dead);
    CU_ASSERT(gone);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_process_is_seen_to_live_and_to_end),
    TEST(so_it_is_where_no_descriptor_is_to_be_had),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "proc", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
