/*
 * clock.c - nanoseconds on CLOCK_MONOTONIC
 */
#include "src/base/clock.h"

#include <forkscope/limits.h>
#include <limits.h>
#include <time.h>

int64_t base__now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * BASE_SECOND + now.tv_nsec;
}

int64_t base__deadline(int64_t duration)
{
    int64_t now = base__now();
    return duration < 0 || duration > BASE_NEVER - now ? BASE_NEVER : now + duration;
}

/*
 * When the library was loaded. A forked process has the value of the program that it is a copy of.
 * Priority 101: before the constructors of a program that links the library statically.
 */
static int64_t started;

__attribute__((constructor(101))) static void note_start(void)
{
    started = base__now();
}

/* In a time namespace that was entered later the clock can be behind the start: then no point is a
 * length. */
bool base__is_length(int64_t point)
{
    return point > 0 && point < started && started <= base__now();
}

int64_t forkscope_after(int64_t length)
{
    return base__deadline(length < 0 ? 0 : length);
}

int base__poll_timeout(int64_t deadline)
{
    enum { MILLISECOND = 1000000 };

    if (deadline == BASE_NEVER)
        return -1;
    int64_t now = base__now();
    if (deadline <= now)
        return 0;
    int64_t left = deadline - now;
    if (left > (int64_t)INT_MAX * MILLISECOND)
        return INT_MAX;
    return (int)((left + MILLISECOND - 1) / MILLISECOND);
}
