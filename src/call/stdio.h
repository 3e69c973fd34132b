/*
 * stdio.h - the standard streams of a child, seen from the caller
 */
#ifndef FORKSCOPE_CALL_STDIO_H
#define FORKSCOPE_CALL_STDIO_H

#include "src/call/request.h"
#include <forkscope/procspawn.h>

int procspawn__streams_open(struct procspawn__draft *draft, const procspawn_builder *builder);

#endif
