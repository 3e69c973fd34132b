/*
 * orphan_scan.h - orphans of dead children that have not ended yet
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_ORPHAN_SCAN_H
#define FORKSCOPE_FORKSERVER_CHILDREN_ORPHAN_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child;
struct server;

void forkserver__orphan_scan_forked(struct server *s, struct child *child);
void forkserver__orphan_scan_died(struct server *s, struct child *child);
/* A process was reaped that was not a child. */
void forkserver__orphan_scan_reaped(struct server *s, pid_t pid);
/* Kills orphans that descend from the process `since` or a younger one. */
void forkserver__orphan_scan_kill(struct server *s, pid_t since);
/*
 * Scans for orphans, if that is due. Returns how many were found. If there were any, the caller
 * reaps the children that are dead by now and calls forkserver__orphan_scan_done: these children
 * may have left the orphans, and those that die later have not.
 */
unsigned forkserver__orphan_scan_run(struct server *s);
void forkserver__orphan_scan_done(struct server *s);
/* No child is left: returns true if no orphan is left either. */
bool forkserver__orphan_scan_last(struct server *s);

#endif
