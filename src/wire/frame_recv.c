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
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    KERNEL_MAX_FDS = 253,       /* for one message: SCM_MAX_FD */
    LABEL_MAX = 256,            /* a security label, if SO_PASSSEC was set on this socket */
    KERNEL_PIDFD = 4            /* SCM_PIDFD, since Linux 6.5 */
};

/* Space for all control messages that the kernel can attach, aligned as they must be. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(KERNEL_MAX_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
               CMSG_SPACE(sizeof(int)) + CMSG_SPACE(LABEL_MAX)];
};

/* Result of one peek or receive of the first message. */
struct look {
    ssize_t length;             /* or -errno */
    int flags;
    bool named;                 /* control data came: this is a message, not the end */
    bool squeezed;              /* a descriptor came, but could not be moved above the streams */
    size_t fd_count;            /* all that came; those above the limit are closed already */
};

static ssize_t receive(int sock, struct wire_frame *frame, struct msghdr *message, int flags)
{
    ssize_t n;

    /* ECONNRESET is reported once; messages sent before it can still be received. */
    do {
        n = recvmsg(sock, message, flags | MSG_CMSG_CLOEXEC);
        frame->was_reset |= n < 0 && errno == ECONNRESET;
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    return n < 0 ? -errno : n;
}

/* ---- control messages ---- */

static int behind_stdio(int fd)
{
    if (fd > STDERR_FILENO)
        return fd;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    base__close_foreign(fd);
    return copy;
}

static void take_in_fd(struct wire_frame *frame, int fd, struct look *look)
{
    if (look->fd_count++ >= WIRE_MAX_FDS) {
        base__close_foreign(fd);
        return;
    }
    int *place = &frame->fds[frame->header.fd_count];
    *place = behind_stdio(fd);
    if (*place >= 0)
        frame->header.fd_count++;
    else
        look->squeezed = true;
}

static void take_in_fds(struct wire_frame *frame, struct cmsghdr *c, struct look *look)
{
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        take_in_fd(frame, fd, look);
    }
}

static void take_in_sender(struct wire_frame *frame, const struct cmsghdr *c)
{
    struct ucred credentials;

    if (c->cmsg_len != CMSG_LEN(sizeof credentials))
        return;
    memcpy(&credentials, CMSG_DATA(c), sizeof credentials);
    frame->sender = credentials.pid;
    frame->sender_uid = credentials.uid;
    frame->sender_gid = credentials.gid;
}

/*
 * The library never asks for SCM_PIDFD; another process with this socket may have (SO_PASSPIDFD).
 */
static void close_pidfd(const struct cmsghdr *c)
{
    int fd;

    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    if (fd >= 0)
        close(fd);
}

static void read_control(struct wire_frame *frame, struct msghdr *message, struct look *look)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        look->named = true;
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_CREDENTIALS)
            take_in_sender(frame, c);
        else if (c->cmsg_type == SCM_RIGHTS)
            take_in_fds(frame, c, look);
        else if (c->cmsg_type == KERNEL_PIDFD && c->cmsg_len == CMSG_LEN(sizeof(int)))
            close_pidfd(c);
    }
}

/* ---- peek and receive ---- */

/*
 * Peeks at or receives the first message. frame->header.fd_count becomes the number of descriptors
 * held; *ret_told is the count that the header claims.
 */
static struct look look_at(int sock, struct wire_frame *frame, int flags, uint32_t *ret_told)
{
    union control control;
    struct iovec iov[2] = { { &frame->header, sizeof frame->header },
                            { frame->body, frame->capacity } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2,
                              .msg_control = &control, .msg_controllen = sizeof control };
    struct look look = { 0 };

    frame->sender = 0;
    frame->sender_uid = (uid_t)-1;
    frame->sender_gid = (gid_t)-1;
    frame->header = (struct wire_header){ 0 };
    look.length = receive(sock, frame, &message, flags);
    *ret_told = frame->header.fd_count;
    frame->header.fd_count = 0;
    if (look.length < 0)
        return look;
    look.flags = message.msg_flags;
    read_control(frame, &message, &look);
    return look;
}

/* The first message as seen by a peek that has no space for descriptors, with SO_PASSCRED set. */
enum outside { NO_MESSAGE, WITHOUT_DESCRIPTORS, WITH_DESCRIPTORS };

/*
 * Without SO_PASSCRED the space for credentials may receive descriptors instead; they are closed.
 */
static enum outside close_all(const struct cmsghdr *c)
{
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return WITHOUT_DESCRIPTORS;
    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        base__close_foreign(fd);
    }
    return WITH_DESCRIPTORS;
}

static enum outside look_outside(int sock, struct wire_frame *frame)
{
    union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(struct ucred))]; } sender;
    struct msghdr message = { .msg_control = &sender, .msg_controllen = sizeof sender };

    if (receive(sock, frame, &message, MSG_PEEK | MSG_DONTWAIT) < 0)
        return NO_MESSAGE;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    enum outside first = c ? close_all(c) : NO_MESSAGE;
    return message.msg_flags & MSG_CTRUNC ? WITH_DESCRIPTORS : first;
}

/*
 * The end of the stream reads like an empty datagram. But with SO_PASSCRED every datagram carries
 * credentials, and the end does not.
 */
static bool has_message(int sock, struct wire_frame *frame)
{
    return wire__pass_sender(sock) == 0 && look_outside(sock, frame) != NO_MESSAGE;
}

/* Did fewer descriptors arrive than were sent? */
static bool is_incomplete(const struct look *look)
{
    return look->fd_count <= WIRE_MAX_FDS && ((look->flags & MSG_CTRUNC) || look->squeezed);
}

/* Checks the frame against its header. Returns 0 or -EPROTO. */
static int check_frame(const struct wire_frame *frame, const struct look *look, uint32_t told)
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
 * Removes the first message from the queue; its descriptors were received before or are not wanted.
 */
static int drop_first(int sock, struct wire_frame *frame)
{
    ssize_t n;

    do {
        n = recv(sock, NULL, 0, MSG_DONTWAIT);
        frame->was_reset |= n < 0 && errno == ECONNRESET;
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    return n < 0 ? -errno : 0;
}

/*
 * Removes the first message, which has arrived in full, and checks it. Closes its descriptors on
 * failure.
 */
static int take_first(int sock, struct wire_frame *frame, const struct look *look, uint32_t told)
{
    int rc = drop_first(sock, frame);

    if (rc == 0)
        rc = check_frame(frame, look, told);
    if (rc < 0)
        wire__close_fds(frame);
    return rc;
}

/* Removes the first message without its descriptors. Returns `error`, or why the removal failed. */
static int lose_first(int sock, struct wire_frame *frame, int error)
{
    int rc = drop_first(sock, frame);
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
           look_outside(sock, frame) == WITH_DESCRIPTORS;
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
        struct look look = look_at(sock, frame, MSG_PEEK | (dont_wait ? MSG_DONTWAIT : 0), &told);
        if (look.length < 0)
            return (int)look.length;
        if (look.length == 0 && !look.named && !has_message(sock, frame))
            return -EPIPE;
        if (!is_incomplete(&look))
            return take_first(sock, frame, &look, told);
        rc = explain_loss(sock, frame, attempt);
    }
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
    ssize_t n = receive(sock, frame, &outside, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0)
        return (int)n;
    if (n == 0 && !(outside.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && !has_message(sock, frame))
        return -EPIPE;
    if (outside.msg_flags & MSG_CTRUNC)
        rc = too_many_to_close() ? -EMFILE : find_room(sock, header.fd_count);
    if (rc < 0)
        return rc;
    struct look look = look_at(sock, frame, MSG_DONTWAIT, &told);
    if (look.length < 0)
        return (int)look.length;
    /*
     * Another receiver took the message; this may be the end of the stream. The caller tries again.
     */
    if (look.length == 0 && !look.named)
        return -EAGAIN;
    rc = is_incomplete(&look) ? -EMFILE : check_frame(frame, &look, told);
    if (rc < 0)
        wire__close_fds(frame);
    return rc;
}

bool wire__has_ended(int sock)
{
    struct pollfd poller = { .fd = sock, .events = POLLRDHUP };
    struct wire_frame frame;

    frame.was_reset = false;
    return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLRDHUP | POLLHUP)) &&
           !has_message(sock, &frame);
}

void wire__close(int sock)
{
    enum { PLAIN = 64 };
    struct wire_frame frame;
    enum outside first = WITHOUT_DESCRIPTORS;

    sock = base__fd_release(sock);
    if (sock < 0)
        return;
    frame.was_reset = false;
    shutdown(sock, SHUT_RD);
    for (int i = 0; first == WITHOUT_DESCRIPTORS && i < PLAIN; i++) {
        first = look_outside(sock, &frame);
        if (first == WITHOUT_DESCRIPTORS)
            drop_first(sock, &frame);
    }
    if (first == NO_MESSAGE)
        close(sock);
    else
        base__close_foreign(sock);
}
