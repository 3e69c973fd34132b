/*
 * guard_test.c - code that faults is left, and the process goes on
 */
#include "src/base/fault_guard.h"
#include "tests/support/frame.h"

#include <forkscope/cunit.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *volatile nowhere;
static volatile int least = INT_MIN, minus_one = -1, quotient;
static volatile unsigned done;

static FRAME void reads_from_null(void *argument)
{
    (void)argument;
    quotient = *nowhere;
    done++;
}

#if defined(__x86_64__)
static FRAME void divides_the_least_number(void *argument)
{
    (void)argument;
    quotient = least / minus_one;
    done++;
}
#endif

static void works(void *argument)
{
    done += *(unsigned *)argument;
}

static void what_faults_is_left(void)
{
    struct guard guard;
    unsigned two = 2;

    base__fault_guard_begin(&guard);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(!base__fault_guard_run(reads_from_null, NULL));
#if defined(__x86_64__)
    CU_ASSERT(!base__fault_guard_run(divides_the_least_number, NULL));
#endif
    CU_ASSERT(base__fault_guard_run(works, &two));
    CU_ASSERT_EQUAL(done, 2);
    base__fault_guard_end(&guard);
}

static void faults_are_seen_although_they_were_blocked(void)
{
    struct guard guard;
    sigset_t all, now;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    base__fault_guard_begin(&guard);
    CU_ASSERT(!base__fault_guard_run(reads_from_null, NULL));
    base__fault_guard_end(&guard);
    sigprocmask(SIG_SETMASK, NULL, &now);
    CU_ASSERT(sigismember(&now, SIGSEGV) && sigismember(&now, SIGFPE));
}

static void exits_with_three(int signo)
{
    (void)signo;
    _exit(3);
}

static int status_of_a_fault(bool inside)
{
    struct guard outer, inner;
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGSEGV, exits_with_three);
        base__fault_guard_begin(&outer);
        base__fault_guard_begin(&inner);
        (void)base__fault_guard_run(reads_from_null, NULL);
        base__fault_guard_end(&inner);
        if (!inside)
            base__fault_guard_end(&outer);
        reads_from_null(NULL);
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_fault_of_others_has_its_former_handler(void)
{
    CU_ASSERT_EQUAL(status_of_a_fault(true), 3);
    CU_ASSERT_EQUAL(status_of_a_fault(false), 3);
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(what_faults_is_left),
    TEST(faults_are_seen_although_they_were_blocked),
    TEST(a_fault_of_others_has_its_former_handler),
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "guard", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
