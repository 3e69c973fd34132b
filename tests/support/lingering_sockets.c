/*
 * lingering_sockets.c - sockets whose last close(2) takes long
 */
#include "tests/support/lingering_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECONDS = 300, SMALL = 4096 };

static int listener_open(struct sockaddr_in *address)
{
    int small = SMALL;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t length = sizeof *address;

    *address = (struct sockaddr_in){ .sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (listener < 0 ||
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) < 0 ||
        bind(listener, (struct sockaddr *)address, length) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)address, &length) < 0)
        abort();
    return listener;
}

static void fill(int fd)
{
    static const char text[65536];

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (send(fd, text, sizeof text, MSG_NOSIGNAL) > 0)
        continue;
}

struct linger_pair linger_open(void)
{
    const struct linger linger = { 1, SECONDS };
    struct sockaddr_in address;
    int listener = listener_open(&address);
    struct linger_pair pair = { .socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

    if (connect(pair.socket, (struct sockaddr *)&address, sizeof address) < 0 ||
        setsockopt(pair.socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0)
        abort();
    pair.peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    fill(pair.socket);
    return pair;
}

int linger_pack(int packed)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof packed)];
    } control = { .bytes = { 0 } };
    struct iovec iov = { (void *)(uintptr_t)"", 1 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control };
    int ends[2];

    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){ CMSG_LEN(sizeof packed), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &packed, sizeof packed);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ||
        sendmsg(ends[1], &message, 0) < 0)
        abort();
    close(packed);
    close(ends[1]);
    return ends[0];
}
