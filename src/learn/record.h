/*
 * record.h - the learner's notes: each need once
 */
#ifndef FORKSCOPE_LEARN_RECORD_H
#define FORKSCOPE_LEARN_RECORD_H

#include "src/learn/learned.h"
#include <sys/types.h>

/*
 * Notes a call that needs something, or counts it if its need is there already; own: the id of the
 * process that made it. One thread at a time.
 */
void learn__note(struct procspawn__learned *learned, const struct procspawn__learned_call *call,
                 pid_t own);

#endif
