/*
 * escapes_by_socket.c - attempts to reach others by new sockets
 */
#include "tests/sandbox/escapes.h"

#include <errno.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <mqueue.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

/* ---- of each family ---- */

static long opened(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);

    if (fd >= 0)
        close(fd);
    return fd;
}

ATTEMPT(makes_udp, opened(AF_INET, SOCK_DGRAM, 0))
ATTEMPT(makes_udp_of_version_six, opened(AF_INET6, SOCK_DGRAM, 0))
ATTEMPT(makes_raw, opened(AF_INET, SOCK_RAW, IPPROTO_ICMP))
ATTEMPT(makes_echo, opened(AF_INET, SOCK_DGRAM, IPPROTO_ICMP))
ATTEMPT(makes_mptcp, opened(AF_INET, SOCK_STREAM, 262))
ATTEMPT(makes_sctp, opened(AF_INET, SOCK_STREAM, IPPROTO_SCTP))
ATTEMPT(makes_smc, opened(43, SOCK_STREAM, 0))
ATTEMPT(makes_netlink, opened(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE))
ATTEMPT(makes_uevents, opened(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT))
ATTEMPT(makes_packets, opened(AF_PACKET, SOCK_RAW, 0))
ATTEMPT(makes_vsock, opened(AF_VSOCK, SOCK_STREAM, 0))
ATTEMPT(makes_ciphers, opened(AF_ALG, SOCK_SEQPACKET, 0))
ATTEMPT(makes_xdp, opened(44, SOCK_RAW, 0))
ATTEMPT(makes_bluetooth, opened(AF_BLUETOOTH, SOCK_RAW, 1))
ATTEMPT(makes_can, opened(AF_CAN, SOCK_RAW, 1))
ATTEMPT(makes_keys, opened(AF_KEY, SOCK_RAW, 2))
ATTEMPT(makes_a_type_with_a_high_half, syscall(SYS_socket, AF_INET, (1L << 32) | SOCK_DGRAM, 0L))
ATTEMPT(makes_a_family_with_a_high_half,
        syscall(SYS_socket, (((long)AF_INET) << 32) | AF_UNIX, (long)SOCK_STREAM, 0L))
ATTEMPT(makes_a_pair_of_datagrams, socketpair(AF_UNIX, SOCK_DGRAM, 0, (int[2]){ 0 }))
ATTEMPT(makes_a_raw_pair, socketpair(AF_UNIX, SOCK_RAW, 0, (int[2]){ 0 }))
ATTEMPT(makes_a_pair_of_another_family, socketpair(AF_TIPC, SOCK_STREAM, 0, (int[2]){ 0 }))

/* ---- to somebody ---- */

static int connected(const void *address, socklen_t length)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    int result = escape_told(connect(fd, address, length));
    close(fd);
    return result;
}

static int connects_by_name(int handed)
{
    (void)handed;
    return connected(&w->stream_address, sizeof w->stream_address);
}

static int connects_by_abstract_name(int handed)
{
    (void)handed;
    return connected(&w->abstract_address, w->abstract_length);
}

static int sends_udp(int handed)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)handed;
    if (fd < 0)
        return errno;
    int result = escape_told(sendto(fd, "x", 1, 0, (const struct sockaddr *)&w->udp_address,
                                    sizeof w->udp_address));
    close(fd);
    return result;
}

/* ---- by a pair that a profile lets it make ---- */

static int pair_connects(int type, bool closes_peer)
{
    int ends[2];

    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    shutdown(ends[0], SHUT_RDWR);
    if (closes_peer)
        close(ends[1]);
    int result = escape_told(connect(ends[0], (const struct sockaddr *)&w->stream_address,
                                     sizeof w->stream_address));
    close(ends[0]);
    if (!closes_peer)
        close(ends[1]);
    return result;
}

static int connects_a_pair(int handed)
{
    (void)handed;
    return pair_connects(SOCK_STREAM, false);
}

static int connects_a_widow(int handed)
{
    (void)handed;
    return pair_connects(SOCK_STREAM, true);
}

static int pair_sends(int type)
{
    int ends[2];
    struct iovec iov = { "x", 1 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    message.msg_name = (void *)(uintptr_t)&w->datagram_address;
    message.msg_namelen = sizeof w->datagram_address;
    ssize_t sent = sendmsg(ends[0], &message, MSG_NOSIGNAL);
    int result = escape_told(sent);
    /* What came to the other end has not got out. */
    if (sent == 1 && recv(ends[1], (char[1]){ 0 }, 1, MSG_DONTWAIT) == 1)
        result = EISCONN;
    close(ends[0]);
    close(ends[1]);
    return result;
}

static int sends_by_a_pair_of_datagrams(int handed)
{
    (void)handed;
    return pair_sends(SOCK_DGRAM);
}

static int sends_by_a_pair_of_packets(int handed)
{
    (void)handed;
    return pair_sends(SOCK_SEQPACKET);
}

static int sends_by_a_pair_of_streams(int handed)
{
    (void)handed;
    return pair_sends(SOCK_STREAM);
}

/* A name without a file would be taken from others who want it. */
static int names_a_pair(int handed)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0escape-taken" };
    int ends[2];

    (void)handed;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    int result = escape_told(bind(ends[0], (const struct sockaddr *)&name, 16));
    close(ends[0]);
    close(ends[1]);
    return result;
}

static int names_a_pair_by_itself(int handed)
{
    const struct sockaddr_un name = { .sun_family = AF_UNIX };
    int ends[2];

    (void)handed;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    int result = escape_told(bind(ends[0], (const struct sockaddr *)&name, sizeof(sa_family_t)));
    close(ends[0]);
    close(ends[1]);
    return result;
}

static int opens_a_queue(int handed)
{
    mqd_t queue = mq_open("/escape", O_RDWR | O_CREAT, 0600, NULL);

    (void)handed;
    if (queue == (mqd_t)-1)
        return errno;
    mq_close(queue);
    mq_unlink("/escape");
    return DID;
}

#define NETWORK_ONLY(none, network) { none, VIOLATION, VIOLATION, network }

static const struct escape escapes[] = {
    { "udp", sends_udp, 0, DENIED(DID), "socket", 0 },
    { "make udp", makes_udp, 0, DENIED(DID), "socket", 0 },
    { "udp of version six", makes_udp_of_version_six, 0, DENIED(ANY), "socket", 0 },
    { "raw", makes_raw, 0, DENIED(IF_ROOT), "socket", 0 },
    { "echo", makes_echo, 0, DENIED(ANY), "socket", 0 },
    { "mptcp", makes_mptcp, 0, DENIED(ANY), "socket", 0 },
    { "sctp", makes_sctp, 0, DENIED(ANY), "socket", 0 },
    { "smc", makes_smc, 0, DENIED(ANY), "socket", 0 },
    { "unixpath", connects_by_name, 0, DENIED(DID), "socket", 0 },
    { "abstract", connects_by_abstract_name, 0, DENIED(DID), "socket", 0 },
    { "netlink", makes_netlink, 0, DENIED(DID), "socket", 0 },
    { "uevents", makes_uevents, 0, DENIED(DID), "socket", 0 },
    { "packet", makes_packets, 0, DENIED(IF_ROOT), "socket", 0 },
    { "vsock", makes_vsock, 0, DENIED(ANY), "socket", 0 },
    { "ciphers", makes_ciphers, 0, DENIED(ANY), "socket", 0 },
    { "xdp", makes_xdp, 0, DENIED(ANY), "socket", 0 },
    { "bluetooth", makes_bluetooth, 0, DENIED(ANY), "socket", 0 },
    { "can", makes_can, 0, DENIED(ANY), "socket", 0 },
    { "keys of IPsec", makes_keys, 0, DENIED(ANY), "socket", 0 },
    { "type with a high half", makes_a_type_with_a_high_half, 0, DENIED(DID), "socket", 0 },
    { "family with a high half", makes_a_family_with_a_high_half, 0, DENIED(DID), "socket", 0 },
    { "pairconnect", sends_by_a_pair_of_datagrams, 0, DENIED(DID), "socketpair", 0 },
    { "pair of datagrams", makes_a_pair_of_datagrams, 0, DENIED(DID), "socketpair", 0 },
    { "raw pair", makes_a_raw_pair, 0, DENIED(ANY), "socketpair", 0 },
    { "pair of another family", makes_a_pair_of_another_family, 0, DENIED(ANY), "socketpair", 0 },
    { "name by a pair of packets", sends_by_a_pair_of_packets, 0, ALL(EISCONN, EISCONN), NULL, 0 },
    { "name by a pair of streams", sends_by_a_pair_of_streams, 0, ALL(EISCONN, EISCONN), NULL, 0 },
    { "connect a pair", connects_a_pair, 0, NETWORK_ONLY(EISCONN, EISCONN), "connect", 0 },
    { "connect a widow", connects_a_widow, 0, NETWORK_ONLY(EISCONN, EISCONN), "connect", 0 },
    { "name a pair", names_a_pair, 0, NETWORK_ONLY(DID, DID), "bind", 0 },
    { "name a pair by itself", names_a_pair_by_itself, 0, NETWORK_ONLY(DID, DID), "bind", 0 },
    { "mq", opens_a_queue, 0, DENIED(ANY), "mq_open", 0 },
};

ESCAPE_TABLE(escapes_by_socket, escapes);
