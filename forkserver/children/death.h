/*
 * death.h - tells the spawner of a death
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_DEATH_H
#define FORKSCOPE_FORKSERVER_CHILDREN_DEATH_H

#include <stdbool.h>
#include <stdint.h>

struct child;
struct requester;
struct server;

/* Sends DEATH, and ENDED if the requester wants it. Returns false if the caller must try again. */
bool forkserver__death_tell(struct server *s, struct child *child);
/* Does the channel hold a call that another process can take over? */
bool forkserver__death_before_call(const struct server *s, struct child *child);
/* Sends DEATH ahead of time, for a child that lingers. Returns false while there is no space. */
bool forkserver__death_foretell(struct child *child);
/* The death was reported: stops watching the channel. */
void forkserver__death_told(struct server *s, struct child *child);
/* Answers AWAIT for a child that no longer exists. */
void forkserver__death_unknown(const struct requester *requester, uint64_t id);

#endif
