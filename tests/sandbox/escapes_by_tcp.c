/*
 * escapes_by_tcp.c - attempts to reach ports that are not let in, by new sockets
 */
#include "tests/sandbox/escapes.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

typedef int with_address(int fd, const struct sockaddr *address, socklen_t length);

static int used(int family, int type, with_address *use, const void *address, socklen_t length)
{
    int fd = socket(family, type | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    int result = escape_told(use(fd, address, length));
    close(fd);
    return result;
}

static int connects(int handed)
{
    (void)handed;
    return used(AF_INET, SOCK_STREAM, connect, &w->tcp_address, sizeof w->tcp_address);
}

static int connects_by_version_six(int handed)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = w->tcp_address.sin_port };

    (void)handed;
    address.sin6_addr.s6_addr[10] = address.sin6_addr.s6_addr[11] = 0xff;
    address.sin6_addr.s6_addr[12] = 127;
    address.sin6_addr.s6_addr[15] = 1;
    return used(AF_INET6, SOCK_STREAM, connect, &address, sizeof address);
}

/* Another family in the address than the socket has. */
static int connects_without_a_family(int handed)
{
    struct sockaddr_in address = w->tcp_address;

    (void)handed;
    address.sin_family = AF_UNSPEC;
    int result = used(AF_INET, SOCK_STREAM, connect, &address, sizeof address);
    return result == DID ? EACCES : result;     /* it has only been disconnected */
}

static int binds(int handed)
{
    struct sockaddr_in address = { .sin_family = AF_INET };

    (void)handed;
    return used(AF_INET, SOCK_STREAM, bind, &address, sizeof address);
}

static int binds_without_a_family(int handed)
{
    struct sockaddr_in address = { .sin_family = AF_UNSPEC, .sin_port = htons(34567) };

    (void)handed;
    return used(AF_INET, SOCK_STREAM, bind, &address, sizeof address);
}

static int sends(int fd, const struct sockaddr *address, socklen_t length)
{
    return (int)sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, address, length);
}

static int sends_message(int fd, const struct sockaddr *address, socklen_t length)
{
    struct iovec iov = { "x", 1 };
    const struct msghdr message = { .msg_name = (void *)(uintptr_t)address, .msg_namelen = length,
                                    .msg_iov = &iov, .msg_iovlen = 1 };
    return (int)sendmsg(fd, &message, MSG_FASTOPEN | MSG_NOSIGNAL);
}

static int sends_messages(int fd, const struct sockaddr *address, socklen_t length)
{
    struct iovec iov = { "x", 1 };
    struct mmsghdr messages = { .msg_hdr = { .msg_name = (void *)(uintptr_t)address,
                                             .msg_namelen = length, .msg_iov = &iov,
                                             .msg_iovlen = 1, .msg_flags = MSG_FASTOPEN } };
    return sendmmsg(fd, &messages, 1, MSG_FASTOPEN | MSG_NOSIGNAL);
}

/* In each message, not in the call. */
static int hides_the_flag(int fd, const struct sockaddr *address, socklen_t length)
{
    struct iovec iov = { "x", 1 };
    struct mmsghdr messages = { .msg_hdr = { .msg_name = (void *)(uintptr_t)address,
                                             .msg_namelen = length, .msg_iov = &iov,
                                             .msg_iovlen = 1, .msg_flags = MSG_FASTOPEN } };
    return sendmmsg(fd, &messages, 1, MSG_NOSIGNAL);
}

static int connects_on_sending(int fd, const struct sockaddr *address, socklen_t length)
{
    const int on = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) < 0)
        return -1;
    return connect(fd, address, length);
}

static int shares_its_port(int fd, const struct sockaddr *address, socklen_t length)
{
    const int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
        return -1;
    return bind(fd, address, length);
}

#define TO_TCP(name, use) \
    static int name(int handed) \
    { \
        (void)handed; \
        return used(AF_INET, SOCK_STREAM, use, &w->tcp_address, sizeof w->tcp_address); \
    }

TO_TCP(sends_with_the_first_packet, sends)
TO_TCP(sends_a_message_with_the_first_packet, sends_message)
TO_TCP(sends_messages_with_the_first_packet, sends_messages)
TO_TCP(hides_the_first_packet, hides_the_flag)
TO_TCP(connects_with_the_first_packet, connects_on_sending)
TO_TCP(takes_the_port, shares_its_port)

static int option(int level, int number)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    int result = escape_told(setsockopt(fd, level, number, &on, sizeof on));
    close(fd);
    return result;
}

static int repairs(int handed)
{
    (void)handed;
    return option(IPPROTO_TCP, TCP_REPAIR);
}

static int replaces_the_protocol(int handed)
{
    (void)handed;
    return option(IPPROTO_TCP, TCP_ULP);
}

static int marks(int handed)
{
    (void)handed;
    return option(SOL_SOCKET, SO_MARK);
}

static int binds_to_a_device(int handed)
{
    (void)handed;
    return option(SOL_SOCKET, SO_BINDTODEVICE);
}

/* The kernel's packet filter is read, and loaded, by such an option. */
static int reads_the_packet_filter(int handed)
{
    char info[84] = "filter";
    socklen_t length = sizeof info;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)handed;
    if (fd < 0)
        return errno;
    int result = escape_told(getsockopt(fd, IPPROTO_IP, 64, info, &length));
    close(fd);
    return result;
}

#define NETWORK_ONLY(none, network) { none, VIOLATION, VIOLATION, network }

static const struct escape escapes[] = {
    { "tcp", connects, 0, NETWORK_ONLY(DID, EACCES), "socket", 0 },
    { "tcp of version six", connects_by_version_six, 0, NETWORK_ONLY(ANY, EACCES), "socket", 0 },
    { "tcp without a family", connects_without_a_family, 0, NETWORK_ONLY(ANY, EACCES), "socket",
      0 },
    { "bind", binds, 0, NETWORK_ONLY(DID, EACCES), "socket", 0 },
    { "bind without a family", binds_without_a_family, 0, NETWORK_ONLY(ANY, EACCES), "socket", 0 },
    { "sendto with MSG_FASTOPEN", sends_with_the_first_packet, 0, DENIED(ANY), NULL, 0 },
    { "sendmsg with MSG_FASTOPEN", sends_a_message_with_the_first_packet, 0, DENIED(ANY), NULL, 0 },
    { "sendmmsg with MSG_FASTOPEN", sends_messages_with_the_first_packet, 0, DENIED(ANY), NULL, 0 },
    { "MSG_FASTOPEN in a message", hides_the_first_packet, 0, NETWORK_ONLY(ANY, EPIPE), "socket",
      0 },
    { "TCP_FASTOPEN_CONNECT", connects_with_the_first_packet, 0, DENIED(ANY), NULL, 0 },
    { "SO_REUSEPORT", takes_the_port, 0, DENIED(ANY), NULL, 0 },
    { "TCP_REPAIR", repairs, 0, DENIED(ANY), NULL, 0 },
    { "TCP_ULP", replaces_the_protocol, 0, DENIED(ANY), NULL, 0 },
    { "SO_MARK", marks, 0, DENIED(ANY), NULL, 0 },
    { "SO_BINDTODEVICE", binds_to_a_device, 0, DENIED(ANY), NULL, 0 },
    { "packet filter", reads_the_packet_filter, 0, DENIED(ANY), NULL, 0 },
};

ESCAPE_TABLE(escapes_by_tcp, escapes);
