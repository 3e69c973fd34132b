/*
 * timing.h - when the loop of a server runs next
 */
#ifndef FORKSCOPE_FORKSERVER_TIMING_H
#define FORKSCOPE_FORKSERVER_TIMING_H

#include <stdint.h>

struct server;

/* Makes the loop run at this moment at the latest. */
void forkserver__wake_by(struct server *s, int64_t when);

#endif
