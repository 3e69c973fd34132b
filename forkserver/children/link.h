/*
 * link.h - the link between a child and its server: requests without descriptors
 *
 * Each child has a link of its own, so no other child can affect it. The last close of a descriptor
 * can block for as long as its owner likes (a socket with SO_LINGER, a file of a FUSE mount), so a
 * server accepts none from a child. Where the kernel can, it refuses them at the sender
 * (SO_PASSRIGHTS, Linux 6.16). Elsewhere the server peeks before it receives, and a process that
 * may block closes the queue of such a link (purge.h).
 */
#ifndef FORKSCOPE_FORKSERVER_CHILDREN_LINK_H
#define FORKSCOPE_FORKSERVER_CHILDREN_LINK_H

#include "src/wire/frame.h"
#include <stdbool.h>

struct link {
    int fd;                     /* the server's end; -1: none */
    /* the child's end, kept while it is young so that its death causes no second event; -1: closed */
    int far;
    bool guarded;               /* SO_PASSRIGHTS is off: the kernel refuses descriptors */
};

/* Opens a link. Returns 0 or -errno. */
int forkserver__link_open(struct link *ret_link);
/* Closes the child's end here: the child has it, and its death may cause two events from now on. */
void forkserver__link_let_go(struct link *link);

/*
 * Receives a request without blocking. Returns 0, -EAGAIN, -EPIPE at the end of the stream, -EPROTO
 * for a malformed request or one with descriptors (which stays in the queue), or another -errno of
 * recvmsg(2).
 */
int forkserver__link_recv(const struct link *link, struct wire_frame *frame);

/* Is the queue free of descriptors, so that closing the link cannot block? */
bool forkserver__link_harmless(const struct link *link);

#endif
