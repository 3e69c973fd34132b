/*
 * spawn.h - forks children, and offers them
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_SPAWN_H
#define FORKSCOPE_FORKSERVER_CHILDREN_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

struct child;
struct requester;
struct server;

/*
 * Forks a child. idle_timeout: as a spare; on_demand: a call waits for the child or soon will.
 * Returns 0 or -errno.
 */
int forkserver__spawn(struct server *s, struct requester *requester, int64_t idle_timeout,
                      bool on_demand, struct child **ret_child);
/*
 * Sends offers. Returns 0 or -errno. If an offer cannot be sent, its channel is closed and the
 * child exits.
 */
int forkserver__offer(struct server *s, struct requester *requester, struct child *const *children,
                      unsigned count);
/*
 * Forks a new process for a child that died before it received its call. Returns false if that
 * fails.
 */
bool forkserver__respawn(struct server *s, struct child *child);

#endif
