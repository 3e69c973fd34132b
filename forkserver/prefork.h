/*
 * prefork.h - forks spares when the server is idle, and offers them to the host
 */
#ifndef FORKSCOPE_FORKSERVER_PREFORK_H
#define FORKSCOPE_FORKSERVER_PREFORK_H

#include "forkserver/spares.h"
#include "src/wire/protocol.h"
#include <stdint.h>

struct child;
struct server;

/* The spares held here. Spares that the host has been offered are counted in its client. */
struct prefork {
    struct spares spares;
    unsigned held_count;
    struct child *held[WIRE_MAX_OFFERS];    /* forked, to be offered in one message */
};

/* Idle time to wait before forking one more spare; -1: none is to be forked now. */
int64_t forkserver__prefork_pause(struct server *s);
/* Forks one spare. */
void forkserver__prefork_add(struct server *s);
/* Offers the spares that are held. Returns how many were offered. */
unsigned forkserver__prefork_offer(struct server *s);
/* A held spare died: removes it. */
void forkserver__prefork_drop(struct prefork *prefork, struct child *child);
/* A child of the host died. */
void forkserver__prefork_lost_one(struct server *s, const struct child *child);

#endif
