/*
 * thread_test.c - threads that the library starts
 */
#include "src/base/thread.h"

#include <errno.h>
#include <forkscope/cunit.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static void *read_mask(void *ret_mask)
{
    pthread_sigmask(SIG_SETMASK, NULL, ret_mask);
    return NULL;
}

/* The kernel never blocks SIGKILL and SIGSTOP, and the C library keeps two signals for itself. */
static int count_open(const sigset_t *mask)
{
    int count = 0;

    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        bool reserved = signal == SIGKILL || signal == SIGSTOP || (signal > 31 && signal < SIGRTMIN);
        count += !reserved && sigismember(mask, signal) == 0;
    }
    return count;
}

static bool same(const sigset_t *one, const sigset_t *other)
{
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        if (sigismember(one, signal) != sigismember(other, signal))
            return false;
    }
    return true;
}

static void a_thread_of_the_library_gets_no_signal(void)
{
    sigset_t mask, before, after;
    pthread_t thread;

    sigemptyset(&mask);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    PROCSPAWN_CUNIT_EQUAL(base__thread_start(&thread, NULL, read_mask, &mask), 0);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    PROCSPAWN_CUNIT_EQUAL(count_open(&mask), 0);
    CU_ASSERT(same(&before, &after));
}

/* A stack of this size is refused by mmap(2). */
static void a_thread_that_cannot_be_started_leaves_the_mask_alone(void)
{
    sigset_t mask, before, after;
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)1 << 60);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    PROCSPAWN_CUNIT_EQUAL(base__thread_start(&thread, &attributes, read_mask, &mask), -EAGAIN);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    pthread_attr_destroy(&attributes);
    CU_ASSERT(same(&before, &after));
}

static CU_TestInfo tests[] = {
    { "a_thread_of_the_library_gets_no_signal", a_thread_of_the_library_gets_no_signal },
    { "a_thread_that_cannot_be_started_leaves_the_mask_alone",
      a_thread_that_cannot_be_started_leaves_the_mask_alone },
    CU_TEST_INFO_NULL,
};

static CU_SuiteInfo suites[] = {
    { .pName = "threads", .pTests = tests },
    CU_SUITE_INFO_NULL,
};

int main(int argc, char **argv)
{
    return procspawn_cunit_run(suites, argc, argv);
}
