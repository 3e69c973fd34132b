/*
 * interrupted_test.c - waits of the library while signals of the program keep arriving
 */
#include "src/base/clock.h"
#include "src/call/handle.h"
#include "src/call/process.h"
#include "src/client/control.h"
#include "src/client/root_process.h"
#include "tests/support/call_helpers.h"
#include "tests/support/jail.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned ticks;

static void on_tick(int signal)
{
    (void)signal;
    __atomic_add_fetch(&ticks, 1, __ATOMIC_RELEASE);
}

static unsigned count_ticks(void)
{
    return __atomic_load_n(&ticks, __ATOMIC_ACQUIRE);
}

static void set_timer(suseconds_t microseconds)
{
    const struct itimerval every = { { 0, microseconds }, { 0, microseconds } };
    setitimer(ITIMER_REAL, &every, NULL);
}

static void begin_ticking(suseconds_t microseconds)
{
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_tick }, NULL);
    set_timer(microseconds);
}

static void end_ticking(void)
{
    set_timer(0);
    signal(SIGALRM, SIG_DFL);
}

/* ---- a server that is behind ---- */

static pid_t root;

/* When the other thread has been interrupted many times. */
static void *continue_servers(void *unused)
{
    enum { MANY = 100 };
    unsigned start = count_ticks();

    while (count_ticks() - start < MANY)
        poll(NULL, 0, 1);
    calls_signal_servers(SIGCONT);
    kill(root, SIGCONT);
    return unused;
}

static pthread_t start_undisturbed(void *(*function)(void *))
{
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, function, NULL) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}

/* Until there is no room on its link any more. */
static void fill_link(procspawn_handle *handle)
{
    const struct procspawn__process *process = (struct procspawn__process *)handle;

    while (procspawn__client_try_end_child(&process->child, SIGCONT, 1000 * CALLS_SECOND,
                                          WIRE_ENDED_BY_KILL) == 0)
        continue;
}

static void a_kill_reaches_a_server_that_is_behind(void)
{
    procspawn_handle *handle = calls_start(calls_hang, NULL);

    root = calls_root();
    calls_stop(root);
    calls_signal_servers(SIGSTOP);
    fill_link(handle);
    pthread_t thread = start_undisturbed(continue_servers);
    begin_ticking(500);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle), 0);
    pthread_join(thread, NULL);
    end_ticking();
    calls_check_error(calls_error(handle), PROCSPAWN_ERROR_REMOTE_CLOSE, PROCSPAWN_CAUSE_KILLED);
}

/* ---- a root that is no child ---- */

/* The only kind of process without an exit signal that a program starts. */
static const struct jail_rule no_unseen_child = { .number = SYS_clone, .argument = 0,
                                                  .mask = 0xffffffff, .value = 0 };

static int look_at_root(void)
{
    enum { MANY = 3000 };
    int rc = -ETIMEDOUT;

    jail_enter(&no_unseen_child, EPERM);
    if (procspawn_init(0, NULL) < 0)
        return 1;
    begin_ticking(100);
    while (rc == -ETIMEDOUT && count_ticks() < MANY)
        rc = procspawn__root_reap(0);
    end_ticking();
    if (rc != -ETIMEDOUT)
        return 2;
    return procspawn_fini() == 0 ? 0 : 3;
}

static void a_root_that_lives_is_never_taken_for_dead(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(look_at_root());
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    PROCSPAWN_CUNIT_EQUAL(status, 0);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_kill_reaches_a_server_that_is_behind),
    CU_TEST_INFO_NULL,
};

static CU_TestInfo orphan_tests[] = {
    TEST(a_root_that_lives_is_never_taken_for_dead),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    CALLS_SUITE("interrupted", tests),
    { .pName = "interrupted_orphan", .pTests = orphan_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
