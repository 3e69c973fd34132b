/*
 * look.h - looks whether a call of a set has ended
 */
#ifndef FORKSCOPE_COMPLETION_LOOK_H
#define FORKSCOPE_COMPLETION_LOOK_H

#include "src/completion/member.h"
#include "src/completion/state.h"

/*
 * Receives what has arrived for a call that runs, or is decoded, and does not wait. If the call has
 * not ended, its descriptor is watched or, where that would not help, the call is looked at again
 * after a pause. With the lock held, which is released in between.
 */
void procspawn__look(struct procspawn__member *member) REQUIRES(set_lock);

/* With the lock held: the call is to be looked at as soon as it is its turn. */
void procspawn__look_soon(struct procspawn__member *member) REQUIRES(set_lock);

#endif
