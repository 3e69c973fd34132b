/*
 * reap.h - deaths become events
 */
#ifndef FORKSCOPE_FORKSERVER_REAP_H
#define FORKSCOPE_FORKSERVER_REAP_H

struct server;

/* Handles pending deaths, and what follows from them. */
void forkserver__reap(struct server *s);
/* Handles pending stops and deaths if SIGCHLD has arrived. */
void forkserver__reap_now(struct server *s);
/*
 * Handles all pending stops and deaths; `strangers`: how many processes may be neither children nor
 * reporters.
 */
void forkserver__reap_all(struct server *s, unsigned strangers);

#endif
