/*
 * time_limits.h - the time limits of one call
 */
#ifndef FORKSCOPE_CALL_TIME_LIMITS_H
#define FORKSCOPE_CALL_TIME_LIMITS_H

#include <stdint.h>

/* Nanoseconds; 0: none. */
struct procspawn__time_limits {
    int64_t run;                /* from the start of the function */
    int64_t total;              /* from the call */
};

#endif
