/*
 * shared_number.h - a number that called functions and the test both see, and wait for
 */
#ifndef FORKSCOPE_SUPPORT_SHARED_NUMBER_H
#define FORKSCOPE_SUPPORT_SHARED_NUMBER_H

#include "tests/support/call_helpers.h"

/* Maps a number that this process and its children share: 0. */
int *shared_map(void);

/* The number of a suite whose tests run between these, which also call calls_begin and calls_end. */
extern int *shared;
void shared_begin(void);
void shared_end(void);

#define SHARED_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = shared_begin, .pTearDownFunc = shared_end, .pTests = table }

void shared_set(int value);

/* Adds one. */
void shared_tell(void);

/* Waits until it is as large as this. */
void shared_wait(int value);

#endif
