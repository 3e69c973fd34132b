/*
 * newborn_test.c - a signal to a child that is about to make its process group
 *
 * The linker puts the functions below in front of those of the C library. A child waits before it
 * makes its group until the group was signalled, and the signaller goes on when the group is made.
 */
#include "tests/support/call_helpers.h"
#include "tests/support/shared_number.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

int __real_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal);
int __real_setpgid(pid_t pid, pid_t group);
int __wrap_setpgid(pid_t pid, pid_t group);

/* What `shared` says. */
enum { FREE, HELD, SIGNALLED };

static bool is(int value)
{
    return shared && __atomic_load_n(shared, __ATOMIC_SEQ_CST) == value;
}

int __wrap_kill(pid_t pid, int signal)
{
    int rc = __real_kill(pid, signal), error = errno;

    if (pid < -1 && rc < 0 && is(HELD)) {
        shared_set(SIGNALLED);
        for (int ms = 0; ms < 5000 && getpgid(-pid) != -pid; ms++)
            poll(NULL, 0, 1);
    }
    errno = error;
    return rc;
}

int __wrap_setpgid(pid_t pid, pid_t group)
{
    while (is(HELD))
        poll(NULL, 0, 1);
    return __real_setpgid(pid, group);
}

/* Without spares each call has a child that is forked for it. */
static procspawn_handle *call_newborn(void)
{
    procspawn_config *config = procspawn_config_new();

    procspawn_config_spares(config, 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_init_with(config, 0, NULL), 0);
    procspawn_config_free(config);
    shared_set(HELD);
    return calls_start(calls_hang, NULL);
}

static void it_is_terminated(void)
{
    procspawn_handle *handle = call_newborn();

    PROCSPAWN_CUNIT_EQUAL(procspawn_terminate(handle, SIGTERM, 60 * CALLS_SECOND), 0);
    PROCSPAWN_CUNIT_EQUAL(procspawn_wait_timeout(handle, 10 * CALLS_SECOND, NULL), 0);
    procspawn_error *error = calls_error(handle);
    PROCSPAWN_CUNIT_EQUAL(procspawn_error_signal(error), SIGTERM);
    procspawn_error_free(error);
    CU_ASSERT(is(SIGNALLED));
    calls_end();
}

static void it_does_not_delay_the_end_of_all(void)
{
    procspawn_handle *handle = call_newborn();
    int64_t start = calls_now();

    calls_end();
    CU_ASSERT(calls_now() - start < 3 * CALLS_SECOND / 2);
    CU_ASSERT(is(SIGNALLED));
    procspawn_handle_free(handle);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(it_is_terminated),
    TEST(it_does_not_delay_the_end_of_all),
    CU_TEST_INFO_NULL,
};

static void begin(void)
{
    shared = shared_map();
}

static void end(void)
{
    munmap(shared, sizeof *shared);
    shared = NULL;
}

static CU_SuiteInfo suites[] = {
    { .pName = "newborn", .pSetUpFunc = begin, .pTearDownFunc = end, .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
