/*
 * caller_state.h - the state of the calling thread, as a child is to have it
 */
#ifndef FORKSCOPE_CALL_CALLER_STATE_H
#define FORKSCOPE_CALL_CALLER_STATE_H

#include "src/call/request.h"
#include <forkscope/procspawn.h>

/* At init: records the state that children start with. 0 or -errno. */
int procspawn__caller_state_record(void);
/* Closes the descriptors that the functions of this room keep open. */
void procspawn__caller_state_close(void);
/*
 * Writes into the request what differs in the calling thread from the state at init, and what the
 * builder (NULL: none) sets. 0, PROCSPAWN_ERIGHTS or -errno.
 */
int procspawn__caller_state_describe(struct procspawn__request *request,
                                     const procspawn_builder *builder);
/* Returns what procspawn__caller_state_describe would return now. */
int procspawn__caller_state_admits(const procspawn_builder *builder);

#endif
