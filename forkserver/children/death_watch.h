/*
 * death_watch.h - deaths that cause no SIGCHLD
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_DEATH_WATCH_H
#define FORKSCOPE_FORKSERVER_CHILDREN_DEATH_WATCH_H

#include <stdint.h>

struct child;
struct server;

/* A child was forked. */
void forkserver__death_watch_add(struct server *s, struct child *child);
/* The child was reaped. */
void forkserver__death_watch_remove(struct server *s, struct child *child);
/* Opens pidfds for children that have lived for a second by now. */
void forkserver__death_watch_due(struct server *s, int64_t now);

#endif
