/*
 * clock.h - points in time: nanoseconds on CLOCK_MONOTONIC
 */
#ifndef FORKSCOPE_BASE_CLOCK_H
#define FORKSCOPE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define BASE_NEVER INT64_MAX
#define BASE_SECOND INT64_C(1000000000)

int64_t base__now(void);

/* The point in time `duration` nanoseconds from now; BASE_NEVER for a negative duration. */
int64_t base__deadline(int64_t duration);

/*
 * Whether a point that a user passed is a length by mistake: it is neither 0 nor negative, and lies
 * before the start of the program (include/forkscope/limits.h).
 */
bool base__is_length(int64_t point);

/*
 * The time left until a deadline in the unit of poll(2): milliseconds rounded up, 0 if the deadline
 * has passed, -1 for BASE_NEVER.
 */
int base__poll_timeout(int64_t deadline);

#endif
