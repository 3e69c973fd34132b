/*
 * clock.h - nanoseconds on CLOCK_MONOTONIC
 */
#ifndef VET_CLOCK_H
#define VET_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

static inline int64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

#endif
