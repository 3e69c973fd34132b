/*
 * start.h - starts calls of a set that wait
 */
#ifndef FORKSCOPE_COMPLETION_START_H
#define FORKSCOPE_COMPLETION_START_H

#include "src/completion/lane.h"
#include "src/completion/member.h"
#include "src/completion/state.h"
#include <forkscope/completion.h>
#include <stdbool.h>
#include <stdint.h>

/* All functions: with the lock held, and without any wait. */

/*
 * Starts the calls of a pool's lane whose turn it is. In any thread; with_scopes: in the one that
 * is in procspawn_set_next(): a scope belongs to its task. Else it stops before a call with a
 * scope.
 */
void procspawn__set_start_pool_calls(struct procspawn__lane *lane, bool with_scopes)
    REQUIRES(set_lock);
/* Starts a number of the calls whose turn it is. Releases the lock in between. */
void procspawn__set_start_all(procspawn_set *set) REQUIRES(set_lock);
/* When it is to be tried again: 0: now; BASE_NEVER: when a call has ended or is added. */
int64_t procspawn__set_start_due(const procspawn_set *set) REQUIRES(set_lock);
/* Gives up the start of a call and has it fail. */
void procspawn__set_start_cancel(struct procspawn__member *member, procspawn_error *error)
    REQUIRES(set_lock);

#endif
