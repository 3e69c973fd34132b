/*
 * caller_state.h - the caller's state, as a child shall have it
 */
#ifndef FORKSCOPE_CALL_CALLER_STATE_H
#define FORKSCOPE_CALL_CALLER_STATE_H

#include "src/call/request.h"
#include <forkscope/procspawn.h>

/* Remembers the state that children have without being told. */
int procspawn__context_remember(void);
/* Closes what remembering opened. */
void procspawn__context_forget(void);
/* Writes down where the caller's state is another one now, and what the builder changes. */
int procspawn__context_describe(struct procspawn__draft *draft, const procspawn_builder *builder);
/* Could that be done now? Same returns. */
int procspawn__context_admits(const procspawn_builder *builder);

#endif
