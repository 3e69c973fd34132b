/*
 * rest.h - orphans of dead children that have not ended yet
 */
#ifndef FORKSCOPE_FORKSERVER_REST_H
#define FORKSCOPE_FORKSERVER_REST_H

#include "forkserver/orphans.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* An orphan, and the scan that saw it first. */
struct remnant {
    pid_t pid;
    uint64_t since;             /* number of that scan */
    int64_t seen_at;
};

struct rest {
    uint64_t looks;             /* number of scans, counted when one ends */
    bool wanted;                /* something has changed since the last scan */
    bool crowded;               /* there were more orphans than the table holds */
    int64_t look_at;            /* the next scan if nothing changes before; INT64_MAX: none */
    unsigned count;
    struct remnant remnants[ORPHANS_MOST];
};

struct child;
struct server;

void forkserver__rest_born(struct server *s, struct child *child);
void forkserver__rest_died(struct server *s, struct child *child);
/* A process was reaped that was not a child. */
void forkserver__rest_gone(struct server *s, pid_t pid);
/* Kills orphans that descend from the process `since` or a younger one. */
void forkserver__rest_kill(struct server *s, pid_t since);
/*
 * Scans for orphans, if that is due. Returns how many were found. If there were any, the caller
 * reaps the children that are dead by now, and calls forkserver__rest_looked: these children may
 * have left the orphans, and those that die later have not.
 */
unsigned forkserver__rest_look(struct server *s);
void forkserver__rest_looked(struct server *s);
/* No child is left: returns true if no orphan is left either. */
bool forkserver__rest_end(struct server *s);

#endif
