/*
 * thread.c - pthread helpers
 */
#include "src/base/thread.h"

#include "src/base/clock.h"
#include "src/base/process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

void base__block_signals(sigset_t *ret_before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, ret_before);
}

void base__restore_signals(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int base__thread_start(pthread_t *ret_thread, const pthread_attr_t *attributes,
                       void *(*run)(void *), void *argument)
{
    sigset_t before;
    base__block_signals(&before);
    int error = pthread_create(ret_thread, attributes, run, argument);
    base__restore_signals(&before);
    return -error;
}

/* Thread-local storage lies on the stack; if it does not fit, the default size is taken. */
int base__thread_start_helper(void *(*run)(void *), void *argument)
{
    enum { STACK = 256 * 1024 };
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    int rc = base__thread_start(&thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    if (rc == -EINVAL)
        rc = base__thread_start(&thread, NULL, run, argument);
    return rc < 0 ? rc : -pthread_detach(thread);
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){ .tv_sec = ns / BASE_SECOND, .tv_nsec = ns % BASE_SECOND };
}

/* The deadline on CLOCK_REALTIME. It is wrong by as much as that clock is set afterwards. */
static struct timespec on_realtime(int64_t deadline)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t left = deadline - base__now(), at = now.tv_sec * BASE_SECOND + now.tv_nsec;
    return timespec_of(left > BASE_NEVER - at ? BASE_NEVER : at + left);
}

/*
 * The thread sanitizer of gcc 12 does not know pthread_clockjoin_np, and would report the thread as
 * leaked.
 */
static int join_until(pthread_t thread, int64_t deadline)
{
    struct timespec until;
    if (__tsan_acquire != NULL) {
        until = on_realtime(deadline);
        return pthread_timedjoin_np(thread, NULL, &until);
    }
    until = timespec_of(deadline);
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until);
}

int base__join(pthread_t thread, int64_t deadline)
{
    if (deadline == BASE_NEVER)
        return -pthread_join(thread, NULL);
    int error = deadline <= base__now() ? pthread_tryjoin_np(thread, NULL)
                                        : join_until(thread, deadline);
    return error == EBUSY ? -ETIMEDOUT : -error;
}

/* Weak: defined in any program built with the address sanitizer, even if the library was not. */
void __asan_unpoison_memory_region(void const volatile *start, size_t size) __attribute__((weak));

/*
 * For a variable that the C library writes. The sanitizer checks its shadow memory there; in the
 * clean-up handlers of a cancelled thread the shadow of dead frames still marks it as poisoned.
 */
static void unpoison(void *start, size_t size)
{
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region(start, size);
}

/* The answer is kept: it costs two system calls. In a forked process it may be another one. */
bool base__is_main_thread(void)
{
    static __thread uint64_t process;   /* in which the answer was found; 0: none yet */
    static __thread bool is_main;

    if (process != base__process()) {
        is_main = gettid() == getpid();
        process = base__process();
    }
    return is_main;
}

bool base__cancelable(bool on)
{
    int before = PTHREAD_CANCEL_DISABLE;
    unpoison(&before, sizeof before);
    pthread_setcancelstate(on ? PTHREAD_CANCEL_ENABLE : PTHREAD_CANCEL_DISABLE, &before);
    return before == PTHREAD_CANCEL_ENABLE;
}

void base__unwind(void)
{
    pthread_cancel(pthread_self());
    base__cancelable(true);
    pthread_testcancel();
    base__cancelable(false);
    base__stack_unwound();
}

void base__stack_unwound(void)
{
    /*
     * Static, because the variables must not lie on the stack that is unpoisoned here (see
     * unpoison).
     */
    static __thread pthread_attr_t attributes;
    static __thread void *low;
    static __thread size_t size;

    if (__asan_unpoison_memory_region == NULL || pthread_getattr_np(pthread_self(), &attributes))
        return;
    pthread_attr_getstack(&attributes, &low, &size);
    unpoison(low, size);
    pthread_attr_destroy(&attributes);
}

unsigned base__processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (unsigned)count : 1;
}
