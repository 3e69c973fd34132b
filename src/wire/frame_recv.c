/*
 * frame_recv.c - receives frames
 *
 * A message is peeked at first, which duplicates its descriptors (MSG_PEEK), and is removed from
 * the queue when all of it has arrived. So a message for which this process lacks descriptors stays
 * in the queue for a later call. And the queue's references are never the last ones to a foreign
 * descriptor: dropping the last reference can block.
 */
#include "src/wire/frame.h"

#include "src/base/closer.h"
#include "src/base/fd.h"
#include "src/wire/first_message.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

/* Checks the frame against its header. Returns 0 or -EPROTO. */
static int check_frame(const struct wire_frame *frame, const struct wire_look *look, uint32_t told)
{
    if ((size_t)look->length < sizeof frame->header || (look->flags & MSG_TRUNC))
        return -EPROTO;
    if (frame->header.length != (size_t)look->length - sizeof frame->header)
        return -EPROTO;
    return look->fd_count <= WIRE_MAX_FDS && look->fd_count == told ? 0 : -EPROTO;
}

/* ---- shortage ---- */

/* Can this process open `count` more descriptors? Returns 0 or -errno. */
static int find_room(int sock, uint32_t count)
{
    int held[WIRE_MAX_FDS];
    uint32_t n = 0;
    int rc = 0;

    while (n < count && n < WIRE_MAX_FDS && rc == 0) {
        held[n] = fcntl(sock, F_DUPFD_CLOEXEC, 0);
        if (held[n] < 0)
            rc = -errno;
        else
            n++;
    }
    while (n > 0)
        close(held[--n]);
    return rc;
}

/*
 * Removes the first message, which has arrived in full, and checks it. Closes its descriptors on
 * failure.
 */
static int take_first(int sock, struct wire_frame *frame, const struct wire_look *look,
                      uint32_t told)
{
    int rc = wire__first_drop(sock, frame);

    if (rc == 0)
        rc = check_frame(frame, look, told);
    if (rc < 0)
        wire__close_fds(frame);
    return rc;
}

/* Removes the first message without its descriptors. Returns `error`, or why the removal failed. */
static int lose_first(int sock, struct wire_frame *frame, int error)
{
    int rc = wire__first_drop(sock, frame);
    return rc < 0 ? rc : error;
}

/* While the closer threads are behind, no more foreign descriptors are received. */
static bool too_many_to_close(void)
{
    if (!base__close_is_behind())
        return false;
    base__close_settle();
    return base__close_is_behind();
}

static bool has_to_wait(int sock, struct wire_frame *frame)
{
    return !frame->trusted && too_many_to_close() &&
           wire__first_outside(sock, frame) == WIRE_WITH_FDS;
}

/*
 * Called when descriptors did not arrive. Returns the errno of the shortage, or 0 if there is none
 * now: the caller tries again. If there is none at each attempt, a security policy withholds the
 * descriptors: the frame is removed, -EPROTO.
 */
static int explain_loss(int sock, struct wire_frame *frame, unsigned attempt)
{
    enum { ATTEMPTS = 8 };
    int rc = find_room(sock, 1);

    wire__close_fds(frame);
    base__close_settle();
    if (frame->lossy)
        return lose_first(sock, frame, -EMFILE);
    if (rc == 0 && attempt == ATTEMPTS)
        return lose_first(sock, frame, -EPROTO);
    return rc;
}

int wire__recv(int sock, struct wire_frame *frame, bool dont_wait)
{
    int rc = 0;
    uint32_t told;

    frame->was_reset = false;
    if (!base__fd_is_ours(sock))
        return -EBADF;
    if (has_to_wait(sock, frame))
        return frame->lossy ? lose_first(sock, frame, -EMFILE) : -EMFILE;
    for (unsigned attempt = 0; rc == 0; attempt++) {
        struct wire_look look = wire__first_look(sock, frame,
                                                 MSG_PEEK | (dont_wait ? MSG_DONTWAIT : 0), &told);
        if (look.length < 0)
            return (int)look.length;
        if (look.length == 0 && !look.named && !wire__first_exists(sock, frame))
            return -EPIPE;
        if (!wire__first_is_incomplete(&look))
            return take_first(sock, frame, &look, told);
        rc = explain_loss(sock, frame, attempt);
    }
    return rc;
}

int wire__recv_at_once(int sock, struct wire_frame *frame)
{
    uint32_t told;

    frame->was_reset = false;
    struct wire_look look = wire__first_look(sock, frame, MSG_DONTWAIT, &told);
    if (look.length < 0)
        return (int)look.length;
    if (look.length == 0 && !look.named)
        return -EPIPE;
    int rc = wire__first_is_incomplete(&look) ? -EMFILE : check_frame(frame, &look, told);
    if (rc < 0)
        wire__close_fds(frame);
    return rc;
}

/*
 * A process with a duplicate of the socket can set SO_PEEK_OFF, so that peeks would miss the data.
 */
static void look_from_beginning(int sock)
{
    int none = -1;
    setsockopt(sock, SOL_SOCKET, SO_PEEK_OFF, &none, sizeof none);
}

/*
 * The peek leaves room for no descriptors: another receiver may take the message before this one
 * does, and descriptors from the peek would then belong to another message than the bytes.
 */
int wire__recv_shared(int sock, struct wire_frame *frame)
{
    struct wire_header header = { .fd_count = 0 };
    struct iovec iov = { &header, sizeof header };
    struct msghdr outside = { .msg_iov = &iov, .msg_iovlen = 1 };
    uint32_t told;
    int rc = 0;

    frame->was_reset = false;
    if (!base__fd_is_ours(sock))
        return -EBADF;
    look_from_beginning(sock);
    ssize_t n = wire__first_receive(sock, frame, &outside, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0)
        return (int)n;
    if (n == 0 && !(outside.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
        !wire__first_exists(sock, frame))
        return -EPIPE;
    if (outside.msg_flags & MSG_CTRUNC)
        rc = too_many_to_close() ? -EMFILE : find_room(sock, header.fd_count);
    if (rc < 0)
        return rc;
    struct wire_look look = wire__first_look(sock, frame, MSG_DONTWAIT, &told);
    if (look.length < 0)
        return (int)look.length;
    /*
     * Another receiver took the message; this may be the end of the stream. The caller tries again.
     */
    if (look.length == 0 && !look.named)
        return -EAGAIN;
    rc = wire__first_is_incomplete(&look) ? -EMFILE : check_frame(frame, &look, told);
    if (rc < 0)
        wire__close_fds(frame);
    return rc;
}

int wire__limit_waits(int sock)
{
    const struct timeval second = { .tv_sec = 1 };
    return setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) < 0 ? -errno : 0;
}

int wire__wait(int sock)
{
    return recv(sock, NULL, 0, MSG_PEEK) < 0 ? -errno : 0;
}

bool wire__has_ended(int sock)
{
    struct pollfd poller = { .fd = sock, .events = POLLRDHUP };
    struct wire_frame frame;

    frame.was_reset = false;
    return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLRDHUP | POLLHUP)) &&
           !wire__first_exists(sock, &frame);
}

void wire__close(int sock)
{
    enum { PLAIN = 64 };
    struct wire_frame frame;
    enum wire_outside first = WIRE_WITHOUT_FDS;

    sock = base__fd_release(sock);
    if (sock < 0)
        return;
    frame.was_reset = false;
    shutdown(sock, SHUT_RD);
    for (int i = 0; first == WIRE_WITHOUT_FDS && i < PLAIN; i++) {
        first = wire__first_outside(sock, &frame);
        if (first == WIRE_WITHOUT_FDS)
            wire__first_drop(sock, &frame);
    }
    if (first == WIRE_NO_MESSAGE)
        close(sock);
    else
        base__close_foreign(sock);
}
