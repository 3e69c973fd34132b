/*
 * purge.h - closes sockets whose queues may hold descriptors of others
 *
 * The last close of such a socket closes the descriptors in its queue, and may block on them. So a
 * process is forked that holds the sockets too; the server closes its own and kills that process,
 * because a process that exits by SIGKILL does not linger on a socket. This is done when the server
 * is idle, or when there are many sockets.
 */
#ifndef FORKSCOPE_FORKSERVER_PROCESS_PURGE_H
#define FORKSCOPE_FORKSERVER_PROCESS_PURGE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PURGE_MOST = 64,
    PURGE_EACH = 3              /* of one child at most: its channel and both ends of its link */
};

struct purge {
    unsigned count;
    int64_t not_before;         /* when to try again after a failure */
    int fds[PURGE_MOST];
};

/*
 * Takes the socket and shuts it down. If the table is full, the socket stays open for the life of
 * the process; check forkserver__purge_has_space first.
 */
void forkserver__purge_add(struct purge *purge, int fd);
/* Is there space for the sockets of one more child? */
bool forkserver__purge_has_space(const struct purge *purge);
/* Are there sockets to close, and is no pause running? */
bool forkserver__purge_due(const struct purge *purge);
/*
 * Closes all sockets. No other process may hold them. Returns false if no process can be forked;
 * then all stay.
 */
bool forkserver__purge(struct purge *purge);
/* Starts a pause before the next attempt. */
void forkserver__purge_later(struct purge *purge);

#endif
