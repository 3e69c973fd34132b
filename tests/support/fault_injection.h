/*
 * fail.h - the n-th request of this process to the C library is refused
 *
 * The linker puts these functions in front of those that the library calls (--wrap, see local.mk).
 * Processes forked below are spared: each has failures of its own, told elsewhere.
 */
#ifndef TESTS_FAIL_H
#define TESTS_FAIL_H

#include <stdbool.h>

enum fail_kind {
    FAIL_MEMORY,                /* malloc and its kin, jansson's included */
    FAIL_SYSTEM                 /* what descriptors, threads, mappings and messages come from */
};

/* Once, before any value exists: jansson's memory comes from here too. */
void fail_prepare(void);

/* From now on the n-th request of this kind fails, and only that one. n counts from 1. */
void fail_arm(enum fail_kind kind, unsigned n);
/* No more. Returns the name of what has failed, NULL if nothing has. */
const char *fail_disarm(void);

/* Blocks of memory that are in use. */
long fail_blocks(void);

#endif
