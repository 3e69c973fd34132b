/*
 * limits.h - times: points, timeouts, limits
 *
 * All times are in nanoseconds. Names say what a time means, everywhere in the library:
 *
 *   ..._until    a point on CLOCK_MONOTONIC at which the call gives up. SCOPED_FOREVER: it never
 *                does. 0 and negative: a point that has passed, so the call does not wait. (In
 *                struct scoped_options 0 is no point, as it is the default.)
 *   ..._timeout  a length: how long the caller waits. Negative: for ever. 0: it does not wait
 *   ..._limit    a length: how long the thing itself may last. 0: no limit
 *
 * forkscope_after() makes a point of a length. The macros make a length of a number:
 *
 *     scoped_sleep_until(forkscope_after(500 * FORKSCOPE_MS));
 *     procspawn_join_timeout(handle, 2 * FORKSCOPE_S, &result, &error);
 *     struct scoped_options options = { .time_limit = 10 * FORKSCOPE_S };
 *
 * A length that is passed for a point is refused: every function that takes a point returns -EINVAL
 * for one that is neither 0 nor negative and lies before the start of this process. So
 * `.until = 500 * FORKSCOPE_MS` is an error, and no time limit that has passed long ago. The start
 * is the moment at which the library was loaded. In a process that was forked, or that runs a
 * called function, it is that of the program that it is a copy of, whose points are valid there. A
 * length that is longer than the machine had run at that moment cannot be told from a point.
 *
 * Fork:   points are the same in a forked process.
 */
#ifndef FORKSCOPE_LIMITS_H
#define FORKSCOPE_LIMITS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Lengths of time: a microsecond, a millisecond, a second. */
#define FORKSCOPE_US INT64_C(1000)
#define FORKSCOPE_MS INT64_C(1000000)
#define FORKSCOPE_S INT64_C(1000000000)

/* The point in time that never comes. */
#define SCOPED_FOREVER INT64_MAX

/*
 * The point in time that lies `length` nanoseconds after now; now itself for a negative length, and
 * SCOPED_FOREVER for a sum that does not fit. Never fails.
 *
 * Safe:   any thread, any process, signal handlers.
 * Cancel: no cancellation point.
 * Source: clock_gettime(2), CLOCK_MONOTONIC.
 */
int64_t forkscope_after(int64_t length);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
