/*
 * death_watch.h - deaths that cause no SIGCHLD
 */
#ifndef FORKSCOPE_FORKSERVER_DEATH_WATCH_H
#define FORKSCOPE_FORKSERVER_DEATH_WATCH_H

#include "forkserver/children.h"
#include <stdint.h>

struct server;

/* A child was forked. */
void forkserver__vigil_add(struct server *s, struct child *child);
/* The child was reaped. */
void forkserver__vigil_end(struct server *s, struct child *child);
/* Opens pidfds for children that have lived for a second. */
void forkserver__vigil_keep(struct server *s, int64_t now);
void forkserver__vigil_event(struct server *s, enum watch *death);

#endif
