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
#include <stdint.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void *ask_for_main(void *ret_main)
{
    *(bool *)ret_main = base__is_main_thread();
    return NULL;
}

/* The status of a forked copy: 0 if the answer there and in its second thread is right. */
static int ask_in_copy(void)
{
    bool in_thread = true;
    pthread_t thread;
    pid_t pid = fork();
    int status = -1;

    if (pid == 0) {
        bool started = pthread_create(&thread, NULL, ask_for_main, &in_thread) == 0;
        if (started)
            pthread_join(thread, NULL);
        _exit(started && base__is_main_thread() && !in_thread ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void *ask_and_fork(void *ret_main)
{
    *(bool *)ret_main = base__is_main_thread();
    return (void *)(intptr_t)ask_in_copy();
}

static void the_main_thread_is_told_from_others(void)
{
    bool in_thread = true;
    pthread_t thread;

    CU_ASSERT(base__is_main_thread());
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, ask_for_main, &in_thread) == 0);
    pthread_join(thread, NULL);
    CU_ASSERT(!in_thread && base__is_main_thread());
    PROCSPAWN_CUNIT_EQUAL(ask_in_copy(), 0);
}

static void a_thread_that_forks_is_the_main_thread_of_the_copy(void)
{
    bool in_thread = true;
    void *status = &in_thread;
    pthread_t thread;

    CU_ASSERT_FATAL(pthread_create(&thread, NULL, ask_and_fork, &in_thread) == 0);
    pthread_join(thread, &status);
    CU_ASSERT(!in_thread && status == NULL);
}

static CU_TestInfo tests[] = {
    { "a_thread_of_the_library_gets_no_signal", a_thread_of_the_library_gets_no_signal },
    { "a_thread_that_cannot_be_started_leaves_the_mask_alone",
      a_thread_that_cannot_be_started_leaves_the_mask_alone },
    { "the_main_thread_is_told_from_others", the_main_thread_is_told_from_others },
    { "a_thread_that_forks_is_the_main_thread_of_the_copy",
      a_thread_that_forks_is_the_main_thread_of_the_copy },
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
