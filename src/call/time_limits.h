/*
 * time_limits.h - the time limits of one call
 */
#ifndef FORKSCOPE_CALL_TIME_LIMITS_H
#define FORKSCOPE_CALL_TIME_LIMITS_H

#include "src/base/clock.h"
#include <stdint.h>

/* Nanoseconds; 0: none. */
struct procspawn__time_limits {
    int64_t run;                /* from the start of the function */
    int64_t total;              /* from the call */
};

/* The latest end of a run: what a child may take until its function begins is bounded, too. */
static inline int64_t procspawn__latest_end(int64_t run)
{
    static const int64_t longest_setup = 10 * BASE_SECOND;
    return base__deadline(run < BASE_NEVER - longest_setup ? longest_setup + run : run);
}

#endif
