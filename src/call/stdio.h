/*
 * stdio.h - the standard streams of a child: the caller's side
 */
#ifndef FORKSCOPE_CALL_STDIO_H
#define FORKSCOPE_CALL_STDIO_H

#include "src/call/capture.h"
#include "src/call/request.h"
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Adds the streams that the builder (NULL: none) asks for to the request. 0 or -errno. May wait for
 * the collector.
 */
int procspawn__streams_open(struct procspawn__request *request, const procspawn_builder *builder);
/* The same but for the streams that each call of a pool has for itself: input, captured output. */
int procspawn__streams_open_lasting(struct procspawn__request *request,
                                    const procspawn_builder *builder);

/* These bytes, which are copied, are the stdin of the call. 0 or -errno. */
int procspawn__streams_input(struct procspawn__request *request, const void *bytes, size_t size);
/*
 * stdout and stderr of the call are captured. Does not wait. 0, or what procspawn__capture_open
 * does.
 */
int procspawn__streams_capture(struct procspawn__request *request, size_t limit, bool merged);
/* The request was sent: closes the child's ends and returns the capture; NULL: there is none. */
struct procspawn__capture *procspawn__streams_captured(struct procspawn__request *request);
/* The same; the handle gets the capture and the program's ends of pipes. */
void procspawn__streams_give(struct procspawn__request *request, procspawn_handle *handle);

#endif
