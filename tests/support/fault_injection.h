/*
 * fault_injection.h - lets the n-th request of this process to the C library fail
 *
 * The linker puts these functions in front of those that the library calls (--wrap, see local.mk).
 * Processes that are forked later are not affected: their failures are tested elsewhere.
 */
#ifndef FORKSCOPE_SUPPORT_FAULT_INJECTION_H
#define FORKSCOPE_SUPPORT_FAULT_INJECTION_H

#include <stdbool.h>

enum fail_kind {
    FAIL_MEMORY,                /* malloc and related functions, also when called by jansson */
    FAIL_SYSTEM                 /* descriptors, threads, mappings, and the sending of messages */
};

/* Called once, before any value exists, since jansson's memory is counted too. */
void fail_prepare(void);

/* From now on the n-th request of this kind fails, and no other. n counts from 1. */
void fail_arm(enum fail_kind kind, unsigned n);
/* The n-th request fails, and all after it. */
void fail_arm_all(enum fail_kind kind, unsigned n);
/* Switches it off. Returns the name of the function that failed; NULL: none did. */
const char *fail_disarm(void);

/* Returns the number of memory blocks in use. */
long fail_blocks(void);

#endif
