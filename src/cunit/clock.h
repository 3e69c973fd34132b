/*
 * clock.h - time in the runner: nanoseconds on CLOCK_MONOTONIC
 */
#ifndef FORKSCOPE_CUNIT_CLOCK_H
#define FORKSCOPE_CUNIT_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CUNIT_SECOND INT64_C(1000000000)
#define CUNIT_MILLISECOND INT64_C(1000000)

static inline int64_t procspawn__cunit_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * CUNIT_SECOND + now.tv_nsec;
}

#endif
