/*
 * rest.h - orphans of dead children that have not ended yet
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_REST_H
#define FORKSCOPE_FORKSERVER_CHILDREN_REST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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
