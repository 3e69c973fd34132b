/*
 * stop.h - children that have stopped
 */
#ifndef FORKSCOPE_FORKSERVER_STOP_H
#define FORKSCOPE_FORKSERVER_STOP_H

#include <sys/types.h>

struct child;
struct server;

/* A SIGCHLD for a stop. */
void forkserver__on_stop(struct server *s, pid_t pid);
/* Handles a pending stop of this process at once. */
void forkserver__heed_stop(struct server *s, pid_t pid);
/* A stop to be examined. */
void forkserver__stopped(struct server *s, struct child *child);

#endif
