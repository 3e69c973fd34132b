/*
 * defer.h - what a task wants done at its end
 */
#ifndef FORKSCOPE_SCOPE_DEFER_H
#define FORKSCOPE_SCOPE_DEFER_H

#include "src/scope/current.h"

/* Phase 2: runs all that is registered with the frame. */
void scoped__run_deferred(struct frame *frame);

#endif
