/*
 * prefork.h - forks spares when the server is idle, and offers them to the host
 */
#ifndef FORKSCOPE_FORKSERVER_PREFORK_H
#define FORKSCOPE_FORKSERVER_PREFORK_H

#include <stdint.h>

struct child;
struct server;

/* Idle time to wait before forking one more spare; -1: none is to be forked now. */
int64_t forkserver__prefork_pause(struct server *s);
/* Forks one spare. */
void forkserver__prefork_add(struct server *s);
/* Offers the spares that are held. Returns how many were offered. */
unsigned forkserver__prefork_offer(struct server *s);
/* A held spare died: removes it. */
void forkserver__prefork_drop(struct server *s, struct child *child);
/* A child of the host died. */
void forkserver__prefork_lost_one(struct server *s, const struct child *child);

#endif
