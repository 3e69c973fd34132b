/*
 * fresh_helpers.h - what the tests of fresh pools share
 */
#ifndef FORKSCOPE_SUPPORT_FRESH_HELPERS_H
#define FORKSCOPE_SUPPORT_FRESH_HELPERS_H

#include "tests/support/acts.h"
#include "tests/support/pool_helpers.h"

/*
 * Checks that the only worker is still this process. A sanitizer reserves more memory than a
 * snapshot takes: then each call has a process of its own.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FRESH_CHECK_SAME(pool, pid) (void)(pid)
#else
#define FRESH_CHECK_SAME(pool, pid) CU_ASSERT_EQUAL(pool_number(pool, calls_pid, NULL), pid)
#endif

/* A pool of so many workers whose calls start fresh. */
procspawn_pool *fresh_make(unsigned size);
/* The same, of a builder, which is freed. */
procspawn_pool *fresh_build(procspawn_pool_builder *builder);
procspawn_pool_builder *fresh_builder(unsigned size);

/* Functions to call: an act, by its number; what is seen of it. */
json_t *fresh_leave(json_t *number);        /* returns the process id */
json_t *fresh_see(json_t *number);

/*
 * Carries out the acts of an array of numbers, in a process that starts new. Returns what is seen
 * of each act afterwards; of counts, how they have changed.
 */
json_t *fresh_program(json_t *numbers);


#endif
