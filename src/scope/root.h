/*
 * root.h - scopes and roots that a frame has opened
 */
#ifndef FORKSCOPE_SCOPE_ROOT_H
#define FORKSCOPE_SCOPE_ROOT_H

#include "src/scope/frame.h"

/* Unlocked: ends the scope that the frame opened last, once all below it are gone. */
void scoped__scope_end(struct frame *frame);

#endif
