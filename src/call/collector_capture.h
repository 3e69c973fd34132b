/*
 * collector_capture.h - a captured call in the collector: its pipes are drained into its memory
 *
 * All are called with the lock of the collector held.
 */
#ifndef FORKSCOPE_CALL_COLLECTOR_CAPTURE_H
#define FORKSCOPE_CALL_COLLECTOR_CAPTURE_H

#include "src/call/collector_state.h"
#include "src/wire/frame.h"

/* Takes the descriptors of a CAPTURE: the memory, then a pipe for each stream. */
void procspawn__capture_add(struct collector *collector, struct wire_frame *frame);
/*
 * Reads the stream that has output; NULL: all of them. Ends the call if that was the last time. The
 * lock is released meanwhile.
 */
void procspawn__capture_serve(const struct reader *reader, struct capture *capture,
                              struct stream *stream);
/* A call that has ended and that no reader works on, or NULL. */
struct capture *procspawn__capture_find_ended(const struct collector *collector);
/* Only the reader that works on the call reads its streams from now on. */
void procspawn__capture_unwatch(struct collector *collector, struct capture *capture);
/* Messages of the program are received from now on. */
void procspawn__collector_listen(struct collector *collector);

#endif
