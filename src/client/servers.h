/*
 * servers.h - start and end of the connection to root and servers
 */
#ifndef FORKSCOPE_CLIENT_SERVERS_H
#define FORKSCOPE_CLIENT_SERVERS_H

#include "src/client/lock.h"
#include <stdint.h>
#include <sys/types.h>

/*
 * At init: takes the link and waits until all servers are ready, for so long after the last sign of
 * work of the root's. 0, PROCSPAWN_ESTART or -errno.
 */
int procspawn__client_open(int root_link, unsigned servers, int64_t timeout);
/* In a new child: takes the link to its server. */
void procspawn__client_adopt(int link, pid_t server);
/* Closes all links. */
void procspawn__client_close(void) EXCLUDES(client_lock);
/* In a child by fork(2): the same, and resets the lock, which another thread may have held. */
void procspawn__client_forget(void);
/* Tells the root to end all processes, with this grace in nanoseconds. 0 or -errno. */
int procspawn__client_end(int64_t grace) EXCLUDES(client_lock);
/* Waits until the root has closed its link. 0 or -ETIMEDOUT. */
int procspawn__client_wait_end(int64_t deadline) EXCLUDES(client_lock);
/* Waits for servers that outlived the root and became children of this process, and reaps them. 0
 * or -ETIMEDOUT. */
int procspawn__client_reap_servers(int64_t deadline) EXCLUDES(client_lock);
/* Closes the pidfds of those servers and waits for them no more. */
void procspawn__client_drop_servers(void) EXCLUDES(client_lock);
/* Waits a short while for messages. 0, -ETIMEDOUT at the deadline, or -ECANCELED; a cancellation
 * point. */
int procspawn__client_wait(int64_t deadline) EXCLUDES(client_lock);

#endif
