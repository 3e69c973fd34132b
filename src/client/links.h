/*
 * links.h - the sockets to the root and the servers: receives their messages, detects their loss
 *
 * All functions but the last two are called with the client's lock held.
 */
#ifndef FORKSCOPE_CLIENT_LINKS_H
#define FORKSCOPE_CLIENT_LINKS_H

#include "src/client/lock.h"
#include <stdbool.h>
#include <stdint.h>

/* Sets the state without root and servers; `count`: of servers to come. */
void procspawn__links_init(unsigned count) REQUIRES(client_lock);
/* Makes the epoll set, if there is none. A child does so at its first request only. 0 or -errno. */
int procspawn__links_watch(void) REQUIRES(client_lock);
/* Receive pending messages of the servers, and of the root. Do not block. */
void procspawn__links_receive(void) REQUIRES(client_lock);
void procspawn__links_receive_root(void) REQUIRES(client_lock);
/* Receives what procspawn__links_receive may have left on a server's link. */
void procspawn__links_receive_behind_offers(unsigned index) REQUIRES(client_lock);
/* Closes the link of a server that has died, or that cannot be used any more. */
void procspawn__links_lose(unsigned index) REQUIRES(client_lock);
void procspawn__links_close(void) REQUIRES(client_lock);
/* Reaps servers that became children of this process when the root died. Are all reaped? */
bool procspawn__links_reap(void) REQUIRES(client_lock);
/* Returns the number of servers with a link. */
unsigned procspawn__links_alive(void) REQUIRES(client_lock);
/* Would the servers become children of this process when the root dies? */
bool procspawn__links_inherits(void);
/* Without the lock: the epoll set of all sockets; -1: none. Another thread may close it. */
int procspawn__links_set(void);
/* Without the lock: waits a short while for messages, at most until the deadline, or until `other`
 * (-1: none) is readable. */
void procspawn__links_wait(int other, int64_t deadline) EXCLUDES(client_lock);

#endif
