/*
 * link.c - opens, reads and checks the link of a child
 */
#include "forkserver/children/link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

static bool refuse_descriptors(int fd)
{
    int off = 0;
    return setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off) == 0;
}

int forkserver__link_open(struct link *ret_link)
{
    int ends[2];
    int rc = wire__pair(ends);

    if (rc < 0)
        return rc;
    bool guarded = refuse_descriptors(ends[0]);
    /* Credentials distinguish an empty message from the end of the stream. */
    if (!guarded)
        rc = wire__pass_sender(ends[0]);
    if (rc < 0) {
        close(ends[0]);
        close(ends[1]);
        return rc;
    }
    *ret_link = (struct link){ .fd = ends[0], .far = ends[1], .guarded = guarded };
    return 0;
}

void forkserver__link_let_go(struct link *link)
{
    if (link->far >= 0)
        close(link->far);
    link->far = -1;
}

enum queue { QUEUE_EMPTY, QUEUE_PLAIN, QUEUE_WITH_DESCRIPTORS };

/*
 * Peeks at the next message with space for its credentials only, so that no descriptor is created.
 * The queue keeps its references, so none is dropped here.
 */
static enum queue look(int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    char byte;
    struct iovec iov = { &byte, sizeof byte };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control };
    ssize_t n = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);

    if (n >= 0 && (message.msg_flags & MSG_CTRUNC))
        return QUEUE_WITH_DESCRIPTORS;
    return n > 0 || (n == 0 && CMSG_FIRSTHDR(&message)) ? QUEUE_PLAIN : QUEUE_EMPTY;
}

int forkserver__link_recv(const struct link *link, struct wire_frame *frame)
{
    struct iovec iov[2] = { { &frame->header, sizeof frame->header },
                            { frame->body, frame->capacity } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };
    ssize_t n;

    if (!link->guarded && look(link->fd) == QUEUE_WITH_DESCRIPTORS)
        return -EPROTO;
    do {
        n = recvmsg(link->fd, &message, MSG_DONTWAIT);
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0)
        return -errno;
    if (n == 0)
        return -EPIPE;
    if ((size_t)n < sizeof frame->header || (message.msg_flags & MSG_TRUNC) ||
        frame->header.length != (size_t)n - sizeof frame->header || frame->header.fd_count != 0)
        return -EPROTO;
    return 0;
}

/* Messages after the first cannot be examined, so any message counts as harmful. */
bool forkserver__link_harmless(const struct link *link)
{
    return link->guarded || look(link->fd) == QUEUE_EMPTY;
}
