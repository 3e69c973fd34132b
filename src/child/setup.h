/*
 * setup.h - the child becomes what the call asks for
 */
#ifndef FORKSCOPE_CHILD_SETUP_H
#define FORKSCOPE_CHILD_SETUP_H

#include "forkserver/forkserver.h"
#include "src/wire/call.h"
#include "src/wire/codec.h"
#include "src/wire/frame.h"

/* When it has just been born. */
void procspawn__setup_begin(void);
/* Returns 0, or a negative errno value with what failed. */
int procspawn__setup(const struct wire_call *call, struct wire_reader *block,
                     struct wire_frame *frame, const struct forkserver_child *self,
                     const char **ret_library, const char **ret_what);

#endif
