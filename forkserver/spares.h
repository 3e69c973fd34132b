/*
 * spares.h - children forked ahead of demand
 */
#ifndef FORKSCOPE_FORKSERVER_SPARES_H
#define FORKSCOPE_FORKSERVER_SPARES_H

#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stdint.h>

struct child;
struct server;

/*
 * Idle time before the server does background work, in nanoseconds. Longer than one call, so that
 * back-to-back calls are not delayed; below 1 ms, so that the work is done before the next call of
 * a 1 kHz caller.
 */
enum { FORKSERVER_QUIET = 400 * 1000 };

/* The spares held here. Spares that the host has been offered are counted in its client. */
struct spares {
    unsigned least;             /* this server's share of the configured number */
    unsigned wanted;            /* current target; above `least` after bursts */
    bool filling;               /* none are left: refill up to `wanted` */
    int64_t dry_at;             /* when the host last ran out of spares */
    int64_t not_before;         /* after a failed fork or early deaths */
    unsigned stillborn;         /* children in a row that died right after the fork */
    struct child *held[WIRE_MAX_OFFERS];    /* forked, to be offered in one message */
    unsigned held_count;
};

void forkserver__spares_init(struct spares *spares, unsigned count);
/* Idle time to wait before forking one more spare; -1: none is to be forked now. */
int64_t forkserver__spares_pause(struct server *s);
void forkserver__spares_add(struct server *s);
/* Offers the spares that are held. Returns how many were offered. */
unsigned forkserver__spares_offer(struct server *s);
/* A held spare died: removes it. */
void forkserver__spares_drop(struct spares *spares, struct child *child);
/* ran_dry: the host has no spares left. lost_one: a child of the host died. */
void forkserver__spares_ran_dry(struct spares *spares);
void forkserver__spares_lost_one(struct server *s, const struct child *child);

#endif
