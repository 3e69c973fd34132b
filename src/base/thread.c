#include "src/base/thread.h"

#include "src/base/clock.h"

#include <errno.h>
#include <time.h>

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){ .tv_sec = ns / BASE_SECOND, .tv_nsec = ns % BASE_SECOND };
}

#ifdef __SANITIZE_THREAD__
/*
 * gcc 12's thread sanitizer does not know pthread_clockjoin_np, and would take the thread for
 * leaked.
 */
static int join_until(pthread_t thread, int64_t deadline)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t left = deadline - base__now();
    struct timespec until = timespec_of(now.tv_sec * BASE_SECOND + now.tv_nsec + left);
    return pthread_timedjoin_np(thread, NULL, &until);
}
#else
static int join_until(pthread_t thread, int64_t deadline)
{
    struct timespec until = timespec_of(deadline);
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until);
}
#endif

int base__join(pthread_t thread, int64_t deadline)
{
    if (deadline == BASE_NEVER)
        return -pthread_join(thread, NULL);
    int error = deadline <= base__now() ? pthread_tryjoin_np(thread, NULL)
                                        : join_until(thread, deadline);
    return error == EBUSY ? -ETIMEDOUT : -error;
}

bool base__cancelable(bool on)
{
    int before;
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

/*
 * Weak: there in any program that was built with the address sanitizer, even if the library was
 * not.
 */
void __asan_unpoison_memory_region(void const volatile *start, size_t size) __attribute__((weak));

void base__stack_unwound(void)
{
    if (__asan_unpoison_memory_region == NULL)
        return;
    void *low;
    size_t size;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    pthread_attr_getstack(&attributes, &low, &size);
    __asan_unpoison_memory_region(low, size);
    pthread_attr_destroy(&attributes);
}
