/*
 * frame.c - sends frames; descriptors of received frames; socket pairs
 */
#include "src/wire/frame.h"

#include "src/base/closer.h"
#include "src/base/fd.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_PARTS = 8, SHORT = 512 };

/* Space for the descriptors and the credentials, aligned as control messages must be. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(WIRE_MAX_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

/* Appends a control message. Clears its padding too, because sendmsg(2) reads it. */
static void attach(struct msghdr *message, union control *control, int type, const void *data,
                   size_t length)
{
    struct cmsghdr *c = (struct cmsghdr *)(control->bytes + message->msg_controllen);

    memset(c, 0, CMSG_SPACE(length));
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(c), data, length);
    message->msg_control = control;
    message->msg_controllen += CMSG_SPACE(length);
}

/* A message in one piece of memory costs the kernel less, so a short one is copied together. */
static ssize_t send_short(int sock, const struct iovec *iov, size_t count, size_t length, int flags)
{
    unsigned char bytes[SHORT];
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        if (iov[i].iov_len > 0)
            memcpy(bytes + at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    return send(sock, bytes, length, flags);
}

static ssize_t send_once(int sock, const struct msghdr *message, size_t length, int flags)
{
    if (length <= SHORT && message->msg_controllen == 0)
        return send_short(sock, message->msg_iov, message->msg_iovlen, length, flags);
    return sendmsg(sock, message, flags);
}

static int send_frame(int sock, enum wire_type type, const struct wire_part *parts,
                      size_t part_count, const int *fds, size_t fd_count, int flags,
                      const struct ucred *sender)
{
    struct wire_header header = { .type = type, .fd_count = (uint32_t)fd_count };
    struct iovec iov[MAX_PARTS + 1];
    union control control;
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = part_count + 1 };

    if (part_count > MAX_PARTS || fd_count > WIRE_MAX_FDS)
        return -EMSGSIZE;
    if (!base__fd_is_ours(sock))
        return -EPIPE;
    iov[0] = (struct iovec){ &header, sizeof header };
    for (size_t i = 0; i < part_count; i++) {
        iov[i + 1] = (struct iovec){ (void *)(uintptr_t)parts[i].data, parts[i].length };
        header.length += parts[i].length;
    }
    if (header.length > WIRE_MAX_BODY)
        return -EMSGSIZE;
    if (fd_count > 0)
        attach(&message, &control, SCM_RIGHTS, fds, fd_count * sizeof fds[0]);
    if (sender)
        attach(&message, &control, SCM_CREDENTIALS, sender, sizeof *sender);
    ssize_t n;
    do {
        n = send_once(sock, &message, sizeof header + header.length, MSG_NOSIGNAL | flags);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    return errno == ECONNRESET ? -EPIPE : -errno;
}

int wire__send(int sock, enum wire_type type, const struct wire_part *parts, size_t part_count,
               const int *fds, size_t fd_count, bool dont_wait)
{
    return send_frame(sock, type, parts, part_count, fds, fd_count, dont_wait ? MSG_DONTWAIT : 0,
                      NULL);
}

int wire__send_as_root(int sock, enum wire_type type, const struct wire_part *parts,
                       size_t part_count, const int *fds, size_t fd_count, bool dont_wait)
{
    const struct ucred root = { .pid = getpid(), .uid = 0, .gid = getgid() };

    return send_frame(sock, type, parts, part_count, fds, fd_count, dont_wait ? MSG_DONTWAIT : 0,
                      &root);
}

int wire__send_struct(int sock, enum wire_type type, const void *body, size_t length, int fd,
                      bool dont_wait)
{
    struct wire_part part = { body, length };
    return wire__send(sock, type, &part, 1, &fd, fd >= 0 ? 1 : 0, dont_wait);
}

int wire__take_fd(struct wire_frame *frame, size_t index)
{
    if (index >= frame->header.fd_count)
        return -1;
    int fd = frame->fds[index];
    frame->fds[index] = -1;
    return fd;
}

static void close_fd(const struct wire_frame *frame, int fd)
{
    if (!frame->trusted)
        base__close_foreign(fd);
    else if (fd >= 0)
        close(fd);
}

void wire__close_fds(struct wire_frame *frame)
{
    size_t closed = 0;

    for (size_t i = 0; i < frame->header.fd_count; i++) {
        closed += frame->fds[i] >= 0;
        close_fd(frame, frame->fds[i]);
        frame->fds[i] = -1;
    }
    frame->header.fd_count = 0;
    if (closed > 0 && !frame->trusted && !base__close_is_stuck())
        base__close_settle();
}

int wire__pair(int ret_ends[2])
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    int rc = base__ends_behind_stdio(ends);
    if (rc < 0)
        return rc;
    memcpy(ret_ends, ends, sizeof ends);
    return 0;
}

int wire__pass_sender(int sock)
{
    int on = 1;
    return setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ? -errno : 0;
}
