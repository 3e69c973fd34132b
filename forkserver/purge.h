/*
 * purge.h - sockets whose queues may hold descriptors of others
 *
 * Who closes such a socket last closes what its queue holds, and may block for that. So a process
 * is forked that holds the sockets too; the server closes its own and kills that process, because a
 * process that is being killed does not linger. This is done when there is time, or when there are
 * many.
 */
#ifndef FORKSCOPE_FORKSERVER_PURGE_H
#define FORKSCOPE_FORKSERVER_PURGE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PURGE_MOST = 64,
    PURGE_EACH = 3              /* of one child at most: its channel and the two ends of its link */
};

struct purge {
    unsigned count;
    int64_t not_before;         /* it could not be done */
    int fds[PURGE_MOST];
};

/*
 * Takes the socket, through which nothing comes any more. Without room it stays open for the life
 * of the process: look for room first.
 */
void forkserver__purge_add(struct purge *purge, int fd);
/* Is there room for the sockets of one more child? */
bool forkserver__purge_room(const struct purge *purge);
/* Is there something to be done, and a chance to do it? */
bool forkserver__purge_due(const struct purge *purge);
/* All of them; false when no process can be had, and all stay. No other process may hold them. */
bool forkserver__purge(struct purge *purge);
/* There is no chance now. */
void forkserver__purge_later(struct purge *purge);

#endif
