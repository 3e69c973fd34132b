/*
 * stdio.h - the standard streams of a child: the caller's side
 */
#ifndef FORKSCOPE_CALL_STDIO_H
#define FORKSCOPE_CALL_STDIO_H

#include "src/call/request.h"
#include <forkscope/procspawn.h>

/* Adds the streams that the builder (NULL: none) asks for to the request. 0 or -errno. */
int procspawn__streams_open(struct procspawn__request *request, const procspawn_builder *builder);

#endif
