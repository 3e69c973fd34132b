/*
 * stop.h - children that have stopped
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_STOP_H
#define FORKSCOPE_FORKSERVER_CHILDREN_STOP_H

#include <sys/types.h>

struct server;
struct child;

/* A SIGCHLD for a stop. */
void forkserver__on_stop(struct server *s, pid_t pid);
/* A child says that it has crashed and cannot stop itself (notice.h). */
void forkserver__on_notice(struct server *s, struct child *child);
/* Handles a pending stop of this process at once. */
void forkserver__poll_stop(struct server *s, pid_t pid);
/* A process was reaped that was not a child: perhaps the reporter of one that had stopped. */
void forkserver__on_reporter_death(struct server *s, pid_t pid, int status);

#endif
