#include "tests/raw.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* The channel passes the sender of each message, the link does not. */
static int find_socket(bool passes_sender)
{
    enum { MOST = 1024 };

    for (int fd = STDERR_FILENO + 1; fd < MOST; fd++) {
        int type = 0, passes = 0;
        socklen_t length = sizeof type;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_SEQPACKET)
            continue;
        length = sizeof passes;
        if (getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &passes, &length) == 0 &&
            (passes != 0) == passes_sender)
            return fd;
    }
    return -1;
}

int raw_channel(void)
{
    return find_socket(true);
}

int raw_link(void)
{
    return find_socket(false);
}

int raw_send_as(int fd, pid_t sender, enum wire_type type, const void *body, size_t length)
{
    struct wire_header header = { .type = type, .length = length };
    struct ucred credentials = { .pid = sender, .uid = getuid(), .gid = getgid() };
    struct iovec iov[2] = { { &header, sizeof header }, { (void *)(uintptr_t)body, length } };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof credentials)];
    } control = { .bytes = { 0 } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = &control,
                              .msg_controllen = sizeof control.bytes };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof credentials);
    memcpy(CMSG_DATA(c), &credentials, sizeof credentials);
    return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
