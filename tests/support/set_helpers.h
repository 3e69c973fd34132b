/*
 * set_helpers.h - what the tests of completion sets share
 */
#ifndef FORKSCOPE_SUPPORT_SET_HELPERS_H
#define FORKSCOPE_SUPPORT_SET_HELPERS_H

#include "tests/support/call_helpers.h"

#include <forkscope/completion.h>

procspawn_set *set_make(void);
/* Adds a call, of a pool (NULL: in a process), and asserts that this works. Takes the argument. */
void set_add(procspawn_set *set, procspawn_pool *pool, procspawn_function *function,
             json_t *argument, void *tag);
/* Waits for the next result, which the caller empties. */
struct procspawn_result set_next(procspawn_set *set);
/* The same, and checks it. */
void set_check_next(procspawn_set *set, const void *tag, json_int_t value);
void set_check_error(procspawn_set *set, const void *tag, enum procspawn_error_kind kind,
                     enum procspawn_cause cause);
/* Does the descriptor of the set become readable within these milliseconds? */
bool set_is_readable(procspawn_set *set, int patience);
/* Checks that no call is left, and frees the set. */
void set_check_empty(procspawn_set *set);

#endif
