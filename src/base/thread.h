/*
 * thread.h - what pthread.h leaves to be wished for
 */
#ifndef FORKSCOPE_BASE_THREAD_H
#define FORKSCOPE_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Joins a thread; 0, or -ETIMEDOUT when it still runs at the deadline (CLOCK_MONOTONIC). A
 * cancellation point; a join that is cancelled can be repeated.
 */
int base__join(pthread_t thread, int64_t deadline);

/*
 * Weak: there in any program that was built with the thread sanitizer, even if the library was not.
 * It sees what the library does with mutexes then, and nothing of its atomic variables.
 */
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

/* Tell it what is ordered by an atomic variable: all before the release is before the acquire. */
static inline void base__ordered_before(void *atomic)
{
    if (__tsan_release != NULL)
        __tsan_release(atomic);
}

static inline void base__ordered_after(void *atomic)
{
    if (__tsan_acquire != NULL)
        __tsan_acquire(atomic);
}

/*
 * Whether a sleep in base__join may be cancelled: the thread sanitizer takes a thread for joined as
 * soon as pthread_join is called.
 */
static inline bool base__join_cancelable(void)
{
    return __tsan_acquire == NULL;
}

/*
 * Tells the address sanitizer, if there is one, that the calling thread has been unwound to here by
 * pthread_exit or pthread_cancel: it would take what comes to lie over the dead frames for an
 * error.
 */
void base__stack_unwound(void);

/*
 * Ends the calling thread as pthread_cancel does, at once. Returns, with cancellation off, if the
 * thread is being unwound already: what pthread_exit does then would leave the clean-up handler
 * that runs in its middle.
 */
void base__unwind(void);

/* Switches cancellation of the calling thread on or off; returns whether it was on. */
bool base__cancelable(bool on);

#endif
