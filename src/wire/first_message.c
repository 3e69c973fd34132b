/*
 * first_message.c - peeks at and receives one message with its control messages
 */
#include "src/wire/first_message.h"

#include "src/base/closer.h"
#include "src/wire/frame.h"
#include <errno.h>
#include <fcntl.h>
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

ssize_t wire__first_receive(int sock, struct wire_frame *frame, struct msghdr *message, int flags)
{
    ssize_t n;

    /* ECONNRESET is reported once; messages sent before it can still be received. */
    do {
        n = recvmsg(sock, message, flags | MSG_CMSG_CLOEXEC);
        frame->was_reset |= n < 0 && errno == ECONNRESET;
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    return n < 0 ? -errno : n;
}

static int behind_stdio(int fd)
{
    if (fd > STDERR_FILENO)
        return fd;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    base__close_foreign(fd);
    return copy;
}

static void take_in_fd(struct wire_frame *frame, int fd, struct wire_look *look)
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

static void take_in_fds(struct wire_frame *frame, struct cmsghdr *c, struct wire_look *look)
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

static void read_control(struct wire_frame *frame, struct msghdr *message, struct wire_look *look)
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

struct wire_look wire__first_look(int sock, struct wire_frame *frame, int flags, uint32_t *ret_told)
{
    union control control;
    struct iovec iov[2] = { { &frame->header, sizeof frame->header },
                            { frame->body, frame->capacity } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2,
                              .msg_control = &control, .msg_controllen = sizeof control };
    struct wire_look look = { 0 };

    frame->sender = 0;
    frame->sender_uid = (uid_t)-1;
    frame->sender_gid = (gid_t)-1;
    frame->header = (struct wire_header){ 0 };
    look.length = wire__first_receive(sock, frame, &message, flags);
    *ret_told = frame->header.fd_count;
    frame->header.fd_count = 0;
    if (look.length < 0)
        return look;
    look.flags = message.msg_flags;
    read_control(frame, &message, &look);
    return look;
}

/*
 * Without SO_PASSCRED the space for credentials may receive descriptors instead; they are closed.
 */
static enum wire_outside close_all(const struct cmsghdr *c)
{
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return WIRE_WITHOUT_FDS;
    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        base__close_foreign(fd);
    }
    return WIRE_WITH_FDS;
}

enum wire_outside wire__first_outside(int sock, struct wire_frame *frame)
{
    union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(struct ucred))]; } sender;
    struct msghdr message = { .msg_control = &sender, .msg_controllen = sizeof sender };

    if (wire__first_receive(sock, frame, &message, MSG_PEEK | MSG_DONTWAIT) < 0)
        return WIRE_NO_MESSAGE;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    enum wire_outside first = c ? close_all(c) : WIRE_NO_MESSAGE;
    return message.msg_flags & MSG_CTRUNC ? WIRE_WITH_FDS : first;
}

/*
 * The end of the stream reads like an empty datagram. But with SO_PASSCRED every datagram carries
 * credentials, and the end does not.
 */
bool wire__first_exists(int sock, struct wire_frame *frame)
{
    return wire__pass_sender(sock) == 0 && wire__first_outside(sock, frame) != WIRE_NO_MESSAGE;
}

bool wire__first_is_incomplete(const struct wire_look *look)
{
    return look->fd_count <= WIRE_MAX_FDS && ((look->flags & MSG_CTRUNC) || look->squeezed);
}

int wire__first_drop(int sock, struct wire_frame *frame)
{
    ssize_t n;

    do {
        n = recv(sock, NULL, 0, MSG_DONTWAIT);
        frame->was_reset |= n < 0 && errno == ECONNRESET;
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    return n < 0 ? -errno : 0;
}
