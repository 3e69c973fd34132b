/*
 * frame_recv.c - how a frame is taken out of its socket
 *
 * A message is looked at first, with duplicates of its descriptors (MSG_PEEK), and is taken out of
 * the queue when all of it is here. So a message for which this process has no room stays where it
 * is and can be had later. And the references that the queue holds are never the last ones to be
 * dropped: to drop the last reference to a foreign descriptor can block.
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
    KERNEL_MAX_FDS = 253,       /* with one message: SCM_MAX_FD */
    LABEL_MAX = 256,            /* a security label, if somebody asked for one on this socket */
    KERNEL_PIDFD = 4            /* SCM_PIDFD, of Linux 6.5 */
};

/* Room for all that the kernel can have beside the bytes, aligned as control messages must be. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(KERNEL_MAX_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
               CMSG_SPACE(sizeof(int)) + CMSG_SPACE(LABEL_MAX)];
};

/* One look at the first message. */
struct look {
    ssize_t length;             /* or -errno */
    int flags;
    bool named;                 /* its sender is known, or it has descriptors: it is no end */
    bool squeezed;              /* a descriptor came, and found no place behind the streams */
    size_t fd_count;            /* also of those beyond the limit, which are closed already */
};

static ssize_t receive(int sock, struct wire_frame *frame, struct msghdr *message, int flags)
{
    ssize_t n;

    /* A reset is told once; what the other end sent is still to come. */
    do {
        n = recvmsg(sock, message, flags | MSG_CMSG_CLOEXEC);
        frame->was_reset |= n < 0 && errno == ECONNRESET;
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    return n < 0 ? -errno : n;
}

/* ---- what came beside the bytes ---- */

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

/* Nobody here asks for a descriptor of the sender; whoever else has this socket may have. */
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

/* ---- one look ---- */

/* The frame's own count is that of the descriptors that are here; what its header says of them is
 * given apart. */
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

/* The first message, seen from outside, of a socket that passes the sender. */
enum outside { NO_MESSAGE, WITHOUT_DESCRIPTORS, WITH_DESCRIPTORS };

/* On a socket that does not, descriptors may come instead of the sender. */
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
 * The end of the stream reads like an empty datagram. But the kernel names the sender of every
 * datagram, once it was asked to.
 */
static bool has_message(int sock, struct wire_frame *frame)
{
    return wire__pass_sender(sock) == 0 && look_outside(sock, frame) != NO_MESSAGE;
}

/* Is there less than was sent? */
static bool is_incomplete(const struct look *look)
{
    return look->fd_count <= WIRE_MAX_FDS && ((look->flags & MSG_CTRUNC) || look->squeezed);
}

/* Is the frame what its header says? */
static int check_frame(const struct wire_frame *frame, const struct look *look, uint32_t told)
{
    if ((size_t)look->length < sizeof frame->header || (look->flags & MSG_TRUNC))
        return -EPROTO;
    if (frame->header.length != (size_t)look->length - sizeof frame->header)
        return -EPROTO;
    return look->fd_count <= WIRE_MAX_FDS && look->fd_count == told ? 0 : -EPROTO;
}

/* ---- room ---- */

/* Has this process room for so many descriptors more? */
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

/* Takes the first message out of the queue: what it brought is here, or not wanted. */
static int drop_first(int sock, struct wire_frame *frame)
{
    ssize_t n;

    do {
        n = recv(sock, NULL, 0, MSG_DONTWAIT);
        frame->was_reset |= n < 0 && errno == ECONNRESET;
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    return n < 0 ? -errno : 0;
}

/* All of it is here. */
static int take_first(int sock, struct wire_frame *frame, const struct look *look, uint32_t told)
{
    int rc = drop_first(sock, frame);

    if (rc == 0)
        rc = check_frame(frame, look, told);
    if (rc < 0)
        wire__close_fds(frame);
    return rc;
}

/* Takes it without its descriptors. */
static int lose_first(int sock, struct wire_frame *frame, int error)
{
    int rc = drop_first(sock, frame);
    return rc < 0 ? rc : error;
}

/* While too many wait to be closed no more are taken in. */
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
 * Descriptors did not arrive. Returns the shortage that it was for, or 0 if there is room now. If
 * there always is, a security policy keeps this process from having them: -EPROTO.
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

bool wire__is_shortage(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -ENOBUFS;
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

/* Who has a duplicate of the socket can have looks begin further on, where nothing is. */
static void look_from_beginning(int sock)
{
    int none = -1;
    setsockopt(sock, SOL_SOCKET, SO_PEEK_OFF, &none, sizeof none);
}

/*
 * The look that comes before has no descriptors: another receiver may take the message meanwhile,
 * and then they would be of one message and the bytes of another.
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
    /* What was seen is another receiver's now, and this may be the end. */
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
