/*
 * links.h - the sockets to the root and the servers: their loss, and what comes up them
 *
 * All of it is called with the client's lock held, but for procspawn__links_wait().
 */
#ifndef FORKSCOPE_CLIENT_LINKS_H
#define FORKSCOPE_CLIENT_LINKS_H

#include <stdbool.h>
#include <stdint.h>

/* No server, no root. */
void procspawn__links_init(unsigned count);
/* The set that is waited for; a child has none before it asks, and most never do. 0 or -errno. */
int procspawn__links_watch(void);
/* Takes in what the servers have said, and what the root has. */
void procspawn__links_hear(void);
void procspawn__links_hear_root(void);
void procspawn__links_lose(unsigned index);
void procspawn__links_close(void);
/* Servers that ended when the root was gone, and became this process's own: are all reaped? */
bool procspawn__links_bury(void);
unsigned procspawn__links_alive(void);
/* Without the lock: until something may have come, at most until the deadline; other: a descriptor
 * that is waited for as well, or -1. */
void procspawn__links_wait(int other, int64_t deadline);

#endif
