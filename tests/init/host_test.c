/*
 * host_test.c - programs with unusual habits, which the library must neither disturb nor be
 * disturbed by
 */
#include "tests/support/call_helpers.h"
#include "tests/support/host_helpers.h"

#include <errno.h>
#include <forkscope/pool.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a program that closes all descriptors ---- */

static void close_all_and_end(void)
{
    enum { ALL = 256, PATIENCE = 20 };
    procspawn_pool *pool;
    procspawn_handle *handle;

    alarm(PATIENCE);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init(0, NULL), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_pool_new(1, &pool), 0);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, calls_echo, json_integer(1), &handle) == 0);
    PROCSPAWN_CUNIT_EQUAL(calls_integer(handle), 1);
    for (int fd = STDERR_FILENO + 1; fd < ALL; fd++)
        close(fd);
    PROCSPAWN_CUNIT_EQUAL(procspawn(calls_echo, NULL, &handle), PROCSPAWN_ESERVER);
    PROCSPAWN_CUNIT_EQUAL(procspawn_fini(), 0);
    procspawn_pool_free(pool);
}

static void who_closes_all_descriptors_is_refused_and_can_end(void)
{
    host_run(close_all_and_end);
}

/* ---- a program that reaps in its handler whatever there is ---- */

static volatile sig_atomic_t reaped, strangers;
static volatile pid_t own_child;

static void reap_all(int signal)
{
    int kept = errno;
    pid_t pid;

    (void)signal;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        reaped++;
        strangers += pid != own_child;
    }
    errno = kept;
}

static void fork_and_wait(void)
{
    sigset_t child, old;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &old);
    own_child = fork();
    if (own_child == 0)
        _exit(0);
    sig_atomic_t before = reaped;
    while (reaped == before)
        sigsuspend(&old);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void reap_in_a_handler(void)
{
    struct sigaction action = { .sa_handler = reap_all };

    sigaction(SIGCHLD, &action, NULL);
    calls_begin();
    for (int i = 0; i < 5; i++) {
        fork_and_wait();
        host_call_in_all_ways();
    }
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(reaped, 5);
    PROCSPAWN_CUNIT_EQUAL(strangers, 0);
}

static void a_handler_that_reaps_everything_sees_its_own_children_only(void)
{
    host_run(reap_in_a_handler);
}

/* A loop as a shell's: it ends when there are no more children. */
static void wait_for_all(void)
{
    unsigned seen = 0;

    calls_begin();
    procspawn_handle *handle = calls_start(calls_hang, NULL);
    for (int i = 0; i < 3; i++) {
        if (fork() == 0)
            _exit(i);
    }
    while (wait(NULL) > 0)
        seen++;
    PROCSPAWN_CUNIT_EQUAL(errno, ECHILD);
    PROCSPAWN_CUNIT_EQUAL(seen, 3);
    procspawn_kill(handle);
    procspawn_handle_free(handle);
    calls_end();
}

static void a_loop_of_wait_ends_though_calls_run(void)
{
    host_run(wait_for_all);
}

/* ---- what the program has for itself ---- */

/* All that a process has for itself and that a library could disturb. */
struct habits {
    char cwd[256];
    char locale[128];
    char streams[3][64];
    mode_t mask;
    int nice;
    struct { void (*handler)(int); int flags; } actions[NSIG];
    uint64_t blocked;
    struct itimerval timer;
};

static void read_habits(struct habits *habits)
{
    char path[64];

    memset(habits, 0, sizeof *habits);
    CU_ASSERT_FATAL(getcwd(habits->cwd, sizeof habits->cwd) != NULL);
    snprintf(habits->locale, sizeof habits->locale, "%s", setlocale(LC_ALL, NULL));
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        CU_ASSERT(readlink(path, habits->streams[i], sizeof habits->streams[i] - 1) > 0);
    }
    umask(habits->mask = umask(0));
    habits->nice = getpriority(PRIO_PROCESS, 0);
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action = { .sa_flags = 0 };
        sigaction(signal, NULL, &action);
        habits->actions[signal].handler = action.sa_handler;
        habits->actions[signal].flags = action.sa_flags;
        habits->blocked |= (uint64_t)(sigismember(&blocked, signal) == 1) << (signal - 1);
    }
    getitimer(ITIMER_REAL, &habits->timer);
}

static void on_signal(int signal)
{
    (void)signal;
}

static void take_habits_up(void)
{
    static const int signals[] = { SIGCHLD, SIGTERM, SIGPIPE, SIGUSR1, SIGSEGV };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigset_t blocked;

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    CU_ASSERT_FATAL(chdir("/usr") == 0);
    umask(027);
    setlocale(LC_ALL, "C.UTF-8");
}

static void use_a_pool(void)
{
    procspawn_pool *pool;
    procspawn_handle *handle;

    CU_ASSERT_FATAL(procspawn_pool_new(2, &pool) == 0);
    CU_ASSERT_FATAL(procspawn_pool_spawn(pool, calls_echo, NULL, &handle) == 0);
    json_decref(calls_result(handle));
    procspawn_pool_free(pool);
}

static void have_habits(void)
{
    static struct habits before, after;

    take_habits_up();
    read_habits(&before);
    calls_begin();
    host_call_in_all_ways();
    use_a_pool();
    read_habits(&after);
    CU_ASSERT(memcmp(&before, &after, sizeof before) == 0);
    calls_end();
    read_habits(&after);
    CU_ASSERT(memcmp(&before, &after, sizeof before) == 0);
}

static void the_program_s_habits_stay_as_they_were(void)
{
    host_run(have_habits);
}

static void the_streams_and_their_buffers_are_the_program_s(void)
{
    char byte[1], buffer[64];
    FILE *stream = tmpfile();

    setvbuf(stream, buffer, _IOFBF, sizeof buffer);
    fputs("begun", stream);
    calls_begin();
    fputs(" and", stream);
    host_call_in_all_ways();
    fputs(" ended", stream);
    calls_end();
    PROCSPAWN_CUNIT_EQUAL(ftell(stream), strlen("begun and ended"));
    CU_ASSERT(fread(byte, 1, 0, stream) == 0);
    fclose(stream);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(a_handler_that_reaps_everything_sees_its_own_children_only),
    TEST(a_loop_of_wait_ends_though_calls_run),
    TEST(the_program_s_habits_stay_as_they_were),
    TEST(the_streams_and_their_buffers_are_the_program_s),
    TEST(who_closes_all_descriptors_is_refused_and_can_end),
    CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = { { .pName = "host", .pTests = tests }, CU_SUITE_INFO_NULL };

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
