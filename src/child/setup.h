/*
 * setup.h - sets the child up as the call asks: ids, limits, streams, directory, environment
 */
#ifndef FORKSCOPE_CHILD_SETUP_H
#define FORKSCOPE_CHILD_SETUP_H

#include "forkserver/forkserver.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"

/* In a new child, before its first call: restores the schedule of init, but for the policy. */
void procspawn__setup_begin(void);
/*
 * Applies the call. 0 or -errno; *ret_what: the step that failed. *ret_library: path of the
 * function's library, or NULL; it points into the block.
 */
int procspawn__setup(const struct wire_call *call, struct wire_reader *block,
                     struct wire_frame *frame, const struct forkserver_child *self,
                     const char **ret_library, const char **ret_what);

#endif
