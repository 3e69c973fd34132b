/*
 * turn.h - all that a set has to do and that needs no wait
 */
#ifndef FORKSCOPE_COMPLETION_TURN_H
#define FORKSCOPE_COMPLETION_TURN_H

#include "src/completion/state.h"
#include <forkscope/completion.h>
#include <stdint.h>

/* All functions: with the lock held. */

/* Receives what has arrived, ends what is too late, starts what may start. Releases the lock in
 * between. */
void procspawn__turn(procspawn_set *set) REQUIRES(set_lock);
/* The program may have closed descriptors of calls: these are looked at in the next turn. */
void procspawn__turn_look_for_closed(procspawn_set *set) REQUIRES(set_lock);
/* When there is something to do: 0: now; BASE_NEVER: when a descriptor says so. */
int64_t procspawn__turn_due(const procspawn_set *set) REQUIRES(set_lock);
/* Sets the alarm: the set's descriptor is readable if, and when, there is something to do. */
void procspawn__turn_rest(procspawn_set *set) REQUIRES(set_lock);

#endif
