/*
 * thread.h - pthread helpers: threads without signals, join with a deadline, cancel state, stacks
 * under sanitizers
 */
#ifndef FORKSCOPE_BASE_THREAD_H
#define FORKSCOPE_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Blocks all signals for the calling thread, and gives the mask that was set before. */
void base__block_signals(sigset_t *ret_before);
void base__restore_signals(const sigset_t *before);

/*
 * Starts a thread of the library. All signals are blocked in it: the program's signals go to its
 * own threads. `attributes` may be NULL. Returns 0 or -errno.
 */
int base__thread_start(pthread_t *ret_thread, const pthread_attr_t *attributes,
                       void *(*run)(void *), void *argument);

/*
 * The same for a thread with little on its stack, which nobody joins: in helper processes, whose
 * memory may be limited.
 */
int base__thread_start_helper(void *(*run)(void *), void *argument);

/*
 * Joins a thread. Returns 0, or -ETIMEDOUT if the thread still runs at the deadline
 * (CLOCK_MONOTONIC), or another -errno. A cancellation point; a cancelled join can be repeated.
 */
int base__join(pthread_t thread, int64_t deadline);

/*
 * Weak: defined in any program built with the thread sanitizer, even if the library was not.
 * Without them the sanitizer sees the library's mutexes but not its atomic variables.
 */
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

/*
 * Tell the thread sanitizer about an order that an atomic variable makes: what precedes the release
 * happens before what follows the acquire.
 */
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
 * May a sleep in base__join be cancelled? Not under the thread sanitizer, which takes the thread
 * for joined as soon as pthread_join is called.
 */
static inline bool base__join_cancelable(void)
{
    return __tsan_acquire == NULL;
}

/*
 * Tells the address sanitizer that pthread_exit or pthread_cancel has unwound the calling thread to
 * this frame. Otherwise the sanitizer reports new frames that overlap the dead ones.
 */
void base__stack_unwound(void);

/*
 * Ends the calling thread at once, as pthread_cancel does. Returns, with cancellation off, if the
 * thread is being unwound already; pthread_exit would abandon the clean-up handler that is running.
 */
void base__unwind(void);

/* The number of processors on which the calling thread may run; 1 if it cannot be read. */
unsigned base__processors(void);

/* Is the calling thread the main thread of this process? */
bool base__is_main_thread(void);

/* Switches cancellation of the calling thread on or off. Returns whether it was on. */
bool base__cancelable(bool on);

#endif
