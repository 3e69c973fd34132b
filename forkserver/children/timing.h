/*
 * timing.h - when the loop of a server runs next, and when a child is killed
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_TIMING_H
#define FORKSCOPE_FORKSERVER_CHILDREN_TIMING_H

#include "src/wire/protocol.h"
#include <stdint.h>

struct child;
struct server;

/* Makes the loop run at this moment at the latest. */
void forkserver__wake_by(struct server *s, int64_t when);
/* The same, and makes it look then at what is due for this child (terminate.h). */
void forkserver__look_by(struct server *s, struct child *child, int64_t when);
/* Kills the child at this moment, if it is not to be killed before; then this is the cause. */
void forkserver__kill_by(struct server *s, struct child *child, int64_t when,
                         enum wire_end_cause cause);

#endif
