/*
 * collector_link.h - the socket to the collector (collector.h)
 */
#ifndef FORKSCOPE_CALL_COLLECTOR_LINK_H
#define FORKSCOPE_CALL_COLLECTOR_LINK_H

#include "src/base/guarded.h"
#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stddef.h>

extern struct base__lock collector_lock;

/*
 * Sends a message to the collector without waiting. 0; -ENOBUFS: there is none, or it has much to
 * read just now; or another -errno.
 */
int procspawn__collector_send(enum wire_type type, const void *body, size_t length, const int *fds,
                              size_t fd_count) EXCLUDES(collector_lock);

/* Is there one? And one that this thread may use? */
bool procspawn__collector_lives(void) EXCLUDES(collector_lock);
bool procspawn__collector_serves(void) EXCLUDES(collector_lock);

/* Takes the socket of a new collector, and closes that of the one before. */
void procspawn__collector_connect(int socket) EXCLUDES(collector_lock);

/* At fini: closes the socket; the collector ends by itself. */
void procspawn__collector_close(void) EXCLUDES(collector_lock);
/* In a child by fork(2): the same, and resets the lock. */
void procspawn__collector_forget(void);

#endif
