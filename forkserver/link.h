/*
 * link.h - the link between a child and its server: requests up, and no descriptors
 *
 * Each child is born with a link of its own, and nothing that another child does reaches it. The
 * last close of a descriptor can block for as long as its maker likes (a socket with SO_LINGER, a
 * file of a FUSE mount), so a server takes none from a child: where the kernel can, it refuses them
 * to the sender (SO_PASSRIGHTS, Linux 6.16). Elsewhere a server looks before it receives, and has
 * the queue of such a link emptied by a process that may block (purge.h).
 */
#ifndef FORKSCOPE_FORKSERVER_LINK_H
#define FORKSCOPE_FORKSERVER_LINK_H

#include "src/wire/frame.h"
#include <stdbool.h>

struct link {
    int fd;                     /* the server's end; -1: closed, or none yet */
    int far;                    /* the child's, held so that its death does not wake the server twice */
    bool guarded;               /* the kernel lets no descriptors in */
};

/* Returns 0 or -errno. */
int forkserver__link_open(struct link *ret_link);

/*
 * Receives a request without blocking. Returns 0, -EAGAIN, -EPIPE at the end, -EPROTO for what is
 * no request or carries descriptors, which stay in the queue, or another errno of recvmsg(2).
 */
int forkserver__link_recv(const struct link *link, struct wire_frame *frame);

/* Is the queue free of descriptors, so that closing the link cannot block? */
bool forkserver__link_harmless(const struct link *link);

#endif
