/*
 * fresh.h - calls of pools whose calls start fresh
 */
#ifndef FORKSCOPE_TESTS_SOAK_FRESH_H
#define FORKSCOPE_TESTS_SOAK_FRESH_H

/* A thread: calls until the soak is over. The argument is its seed, a uint64_t. */
void *call_fresh_pools(void *seed);

#endif
