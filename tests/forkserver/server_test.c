/*
 * server_test.c - the fork server stopped, starved and crowded
 */
#include "tests/support/call_helpers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 1234 };

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
    calls_stop(calls_root());
    calls_stop(calls_server());
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
    calls_stop_servers();
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
    enum { PROCESSES = 12, USERS = 1 << 20 };
    struct rlimit few = { PROCESSES, PROCESSES };
    procspawn_handle *handle[PROCESSES];
    procspawn_config *config = procspawn_config_new();
    int count = 0, rc = 0;

    uid_t user = USERS + (uid_t)getpid();   /* nobody else's processes count */
    CU_ASSERT_FATAL(setresgid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
    CU_ASSERT_FATAL(setresuid(user, user, user) == 0);
    setrlimit(RLIMIT_NPROC, &few);
    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
    while (count < PROCESSES && rc == 0) {
        rc = procspawn(calls_hang, NULL, &handle[count]);
        count += rc == 0;
    }
    PROCSPAWN_CUNIT_EQUAL(rc, -EAGAIN);
    CU_ASSERT(count >= PROCESSES / 2 / THREADS_EACH);
    PROCSPAWN_CUNIT_EQUAL(procspawn_kill(handle[--count]), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle[count], 10 * CALLS_SECOND, NULL), 0);
    procspawn_handle_free(handle[count]);
    for (int i = 0; i < 5; i++) {
        handle[count] = calls_start(calls_echo, json_integer(i));
        PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle[count], 10 * CALLS_SECOND, NULL), 0);
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
    TEST(a_stopped_server_goes_on),
    TEST(a_stopped_server_is_passed_over),
    TEST(with_root_and_servers_stopped_a_call_fails_in_the_end),
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
    { .pName = "server", .pTests = tests },
    { .pName = "server_limits", .pTests = root_tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    if (geteuid() != 0)
        suites[1] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
    return procspawn_cunit_run(suites, argc, argv);
}
