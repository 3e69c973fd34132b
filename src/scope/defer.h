/*
 * defer.h - what a task has registered to be done at its end
 */
#ifndef FORKSCOPE_SCOPE_DEFER_H
#define FORKSCOPE_SCOPE_DEFER_H

#include "src/scope/current.h"

/* Phase 2: runs and removes all that is registered with the activation, newest first. */
void scoped__run_deferred(struct activation *activation);

#endif
