/*
 * standing.h - the standing buffers of a pool's worker: where its arguments and results lie
 */
#ifndef FORKSCOPE_CHILD_STANDING_H
#define FORKSCOPE_CHILD_STANDING_H

#include "src/wire/call.h"
#include "src/wire/frame.h"
#include "src/wire/standing.h"
#include <stddef.h>

/*
 * Adopts the buffers that came with a call; `fd_index`: where the frame has the first of them.
 * Returns 0; or -errno if the argument cannot be read: results have another way.
 */
int procspawn__standing_adopt(const struct wire_call *call, struct wire_frame *frame,
                              size_t fd_index);

/* Where `length` bytes of an argument are to lie; NULL: no buffer is that long. */
const unsigned char *procspawn__standing_argument(size_t length);

/* Where the result may be written; NULL: there is no buffer, or it belongs to the process that
 * forked this one. */
const struct wire_standing *procspawn__standing_results(void);

#endif
