/*
 * raw_messages.c - writes to a child's sockets directly
 */
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Finds a socket of the child: the channel has SO_PASSCRED set, the link has not. */
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

int raw_send_empty(int fd, int descriptor)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof descriptor)];
    } control = { .bytes = { 0 } };
    struct iovec nothing = { &control, 0 };
    struct msghdr message = { .msg_iov = &nothing, .msg_iovlen = 1 };

    if (descriptor >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int raw_ask(unsigned count)
{
    enum { PATIENCE = 5000 };
    static struct wire_offer offers[WIRE_MAX_OFFERS];
    struct wire_frame frame = { .body = offers, .capacity = sizeof offers };
    struct wire_fork body = { .count = count };
    struct pollfd link = { .fd = raw_link(), .events = POLLIN };

    if (wire__send_struct(link.fd, WIRE_FORK, &body, sizeof body, -1, false) < 0 ||
        poll(&link, 1, PATIENCE) != 1 || wire__recv(link.fd, &frame, true) < 0)
        return -1;
    int channel = frame.header.type == WIRE_OFFER ? wire__take_fd(&frame, 0) : -1;
    wire__close_fds(&frame);
    return channel;
}

static struct sockaddr_in local_address(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int raw_listen(int *ret_port)
{
    struct sockaddr_in address = local_address(0);
    socklen_t length = sizeof address;
    int small = 4096;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -1;
    *ret_port = ntohs(address.sin_port);
    return fd;
}

int raw_lingering_socket(int port, int seconds)
{
    static char junk[65536];
    struct sockaddr_in address = local_address(port);
    struct linger linger = { .l_onoff = 1, .l_linger = seconds };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
        continue;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return fd;
}

void raw_send(int fd, const struct wire_header *header, const void *body, size_t length,
              int descriptor, size_t descriptors)
{
    struct iovec iov[2] = { { (void *)(uintptr_t)header, sizeof *header },
                            { (void *)(uintptr_t)body, length } };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(200 * sizeof(int))];
    } control = { .bytes = { 0 } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };

    if (descriptors > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
        for (size_t i = 0; i < descriptors; i++)
            memcpy(CMSG_DATA(c) + i * sizeof(int), &descriptor, sizeof descriptor);
    }
    /* A server closes the link of a child that breaks the rules, and lets no descriptors in. */
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET &&
        errno != EPERM)
        abort();
}
