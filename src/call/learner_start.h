/*
 * learner_start.h - starts the learner of a call or a pool
 */
#ifndef FORKSCOPE_CALL_LEARNER_START_H
#define FORKSCOPE_CALL_LEARNER_START_H

#include "src/call/learning.h"
#include <stdint.h>

/*
 * Starts it, if it was not started: waits for a child, until the deadline at most. 0, or what
 * procspawn() returns; -EFBIG: RLIMIT_FSIZE leaves no room.
 */
int procspawn__learning_start(struct procspawn__learning *learning, int64_t deadline);

#endif
