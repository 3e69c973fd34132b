/*
 * reap.h - deaths become events
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_REAP_H
#define FORKSCOPE_FORKSERVER_CHILDREN_REAP_H

struct child;
struct server;

/* Handles pending stops and deaths, and kills orphans. */
void forkserver__reap(struct server *s);
/* The same, after the child's pidfd became readable: it is dead, even if it cannot be reaped. */
void forkserver__reap_watched(struct server *s, struct child *child);

#endif
