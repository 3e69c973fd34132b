/*
 * escapes_by_handed_socket.c - attempts by sockets that were handed in
 */
#include "tests/sandbox/escapes.h"
#include "tests/support/raw_messages.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct escape_world *const w = &escape_world;

#define HANDED(name, result) \
    static int name(int handed) \
    { \
        return escape_told(result); \
    }

static const struct sockaddr *tcp(void)
{
    return (const struct sockaddr *)&w->tcp_address;
}

static const struct sockaddr *udp(void)
{
    return (const struct sockaddr *)&w->udp_address;
}

static const struct sockaddr *datagrams(void)
{
    return (const struct sockaddr *)&w->datagram_address;
}

static long bound(int handed, int family, socklen_t length)
{
    struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
    return bind(handed, (const struct sockaddr *)&address, length);
}

static long bound_to_path(int handed)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    strcpy(address.sun_path, w->in_new);
    return bind(handed, (const struct sockaddr *)&address, sizeof address);
}

static long sent_as_message(int handed, const struct sockaddr *name, socklen_t length)
{
    struct iovec iov = { "x", 1 };
    const struct msghdr message = { .msg_name = (void *)(uintptr_t)name, .msg_namelen = length,
                                    .msg_iov = &iov, .msg_iovlen = 1 };
    return sendmsg(handed, &message, MSG_NOSIGNAL);
}

static long set(int handed, int level, int option)
{
    const int on = 1;
    return setsockopt(handed, level, option, &on, sizeof on);
}

static long filtered(int handed, int option)
{
    struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
    const struct sock_fprog program = { 1, code };
    return setsockopt(handed, SOL_SOCKET, option, &program, sizeof program);
}

HANDED(connects, connect(handed, tcp(), sizeof w->tcp_address))
HANDED(sends_with_the_first_packet, sendto(handed, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, tcp(),
                                           sizeof w->tcp_address))
HANDED(hides_the_flag_in_the_high_half,
       syscall(SYS_sendto, handed, "x", 1UL, (1UL << 32) | MSG_FASTOPEN | MSG_NOSIGNAL, tcp(),
               sizeof w->tcp_address))
HANDED(binds, bound(handed, AF_INET, sizeof(struct sockaddr_in)))
HANDED(listens, listen(handed, 1))
HANDED(sets_the_port_free, set(handed, SOL_SOCKET, SO_REUSEPORT))
HANDED(sees_the_connection, getsockopt(handed, IPPROTO_TCP, TCP_INFO, (char[256]){ "" },
                                       &(socklen_t){ 256 }))
HANDED(sees_the_time_to_live, getsockopt(handed, IPPROTO_IP, IP_TTL, &(int){ 0 },
                                         &(socklen_t){ sizeof(int) }))
HANDED(fast_opens, set(handed, IPPROTO_TCP, TCP_FASTOPEN_CONNECT))
HANDED(forces_a_buffer, set(handed, SOL_SOCKET, SO_RCVBUFFORCE))
HANDED(copies_nothing, set(handed, SOL_SOCKET, SO_ZEROCOPY))
HANDED(filters, filtered(handed, SO_ATTACH_FILTER))
HANDED(filters_the_group, filtered(handed, SO_ATTACH_REUSEPORT_CBPF))
HANDED(sends_elsewhere, sendto(handed, "x", 1, 0, udp(), sizeof w->udp_address))
HANDED(connects_elsewhere, connect(handed, udp(), sizeof w->udp_address))
HANDED(binds_elsewhere, bound(handed, AF_INET, sizeof(struct sockaddr_in)))
HANDED(connects_by_name, connect(handed, (const struct sockaddr *)&w->stream_address,
                                 sizeof w->stream_address))
HANDED(connects_by_abstract_name, connect(handed, (const struct sockaddr *)&w->abstract_address,
                                          w->abstract_length))
HANDED(binds_to_a_path, bound_to_path(handed))
HANDED(sends_to_a_path, sendto(handed, "x", 1, 0, datagrams(), sizeof w->datagram_address))
HANDED(sends_a_message_to_a_path, sent_as_message(handed, datagrams(), sizeof w->datagram_address))

static int accepts(int handed)
{
    (void)handed;
    int fd = accept(handed, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return escape_told(fd);
}

/* Nobody waits: only whether it may. */
static int accepts_without_waiting(int handed)
{
    int fd = accept4(handed, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EAGAIN ? DID : escape_told(fd);
}

/* Of the process at the other end of its channel. */
static int takes_the_peer(int handed)
{
    enum { PEER_PIDFD = 77 };
    int pidfd = -1;
    socklen_t length = sizeof pidfd;

    (void)handed;
    if (getsockopt(raw_channel(), SOL_SOCKET, PEER_PIDFD, &pidfd, &length) < 0)
        return errno;
    int result = escape_told(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
    close(pidfd);
    return result;
}

static int takes_descriptors_of_the_peer(int handed)
{
    enum { PEER_PIDFD = 77 };
    int pidfd = -1;
    socklen_t length = sizeof pidfd;

    (void)handed;
    if (getsockopt(raw_channel(), SOL_SOCKET, PEER_PIDFD, &pidfd, &length) < 0)
        return errno;
    int result = escape_told(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
    close(pidfd);
    return result;
}

/* A descriptor that is in a message to itself comes back, and is no more than it was. */
static int passes_a_descriptor_to_itself(int handed)
{
    int ends[2], received = -1;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof handed)];
    } control = { .bytes = { 0 } };
    struct iovec iov = { (char[1]){ 'x' }, 1 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control.bytes };

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
        raw_send_empty(ends[0], handed) < 0)
        return errno;
    sendto(ends[0], "x", 1, MSG_NOSIGNAL, NULL, 0);
    ssize_t length = recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    struct cmsghdr *c = length >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (c)
        memcpy(&received, CMSG_DATA(c), sizeof received);
    int result = received >= 0 ? escape_told(write(received, "x", 1)) : EBADF;
    if (received >= 0)
        close(received);
    close(ends[0]);
    close(ends[1]);
    return result;
}

#define NETWORK_ONLY(none, network) { none, VIOLATION, VIOLATION, network }

static const struct escape escapes[] = {
    { "connect a handed socket", connects, HAND_TCP, NETWORK_ONLY(SKIP, EACCES), "connect", 0 },
    { "MSG_FASTOPEN of a handed socket", sends_with_the_first_packet, HAND_TCP, DENIED(SKIP),
      "sendto", 0 },
    { "MSG_FASTOPEN with a high half", hides_the_flag_in_the_high_half, HAND_TCP, DENIED(SKIP),
      "sendto", 0 },
    { "bind a handed socket", binds, HAND_TCP, NETWORK_ONLY(SKIP, EACCES), "bind", 0 },
    { "listen with a handed socket", listens, HAND_LISTENER, NETWORK_ONLY(DID, DID), "listen", 0 },
    { "accept", accepts_without_waiting, HAND_LISTENER, NETWORK_ONLY(DID, DID), "accept4", 0 },
    { "accept of another kind", accepts, HAND_TCP, NETWORK_ONLY(EINVAL, EINVAL), "accept", 0 },
    { "SO_REUSEPORT of a handed socket", sets_the_port_free, HAND_TCP, DENIED(DID), "setsockopt",
      0 },
    { "TCP_FASTOPEN_CONNECT of a handed socket", fast_opens, HAND_TCP, DENIED(SKIP), "setsockopt",
      0 },
    { "TCP_INFO", sees_the_connection, HAND_TCP, ALL(DID, DID), NULL, 0 },
    { "IP_TTL", sees_the_time_to_live, HAND_TCP, ALL(DID, DID), NULL, 0 },
    { "SO_RCVBUFFORCE", forces_a_buffer, HAND_TCP, DENIED(IF_ROOT), "setsockopt", 0 },
    { "SO_ZEROCOPY", copies_nothing, HAND_TCP, DENIED(DID), "setsockopt", 0 },
    { "SO_ATTACH_FILTER", filters, HAND_TCP, DENIED(SKIP), "setsockopt", 0 },
    { "SO_ATTACH_REUSEPORT_CBPF", filters_the_group, HAND_TCP, DENIED(ANY), "setsockopt", 0 },
    { "send by a handed socket", sends_elsewhere, HAND_UDP, ALL(DID, DID), NULL, 0 },
    { "bind a handed datagram socket", binds_elsewhere, HAND_UDP, NETWORK_ONLY(SKIP, ANY), "bind",
      0 },
    { "connect a handed datagram socket", connects_elsewhere, HAND_UDP, NETWORK_ONLY(SKIP, DID),
      "connect", 0 },
    { "unixpath of a handed socket", connects_by_name, HAND_LOCAL, NETWORK_ONLY(SKIP, DID),
      "connect", 0 },
    { "abstract of a handed socket", connects_by_abstract_name, HAND_LOCAL, NETWORK_ONLY(SKIP,
      ANY), "connect", 0 },
    { "path of a handed socket", binds_to_a_path, HAND_LOCAL, NETWORK_ONLY(SKIP, ANY), "bind", 0 },
    { "datagram to a path", sends_to_a_path, HAND_DATAGRAMS, ALL(DID, DID), NULL, 0 },
    { "message to a path", sends_a_message_to_a_path, HAND_DATAGRAMS, ALL(DID, DID), NULL, 0 },
    { "peer of the channel", takes_the_peer, 0, DENIED(ANY), "pidfd_send_signal", 0 },
    { "descriptors of the peer", takes_descriptors_of_the_peer, 0, DENIED(ANY), "pidfd_getfd", 0 },
    { "pass a descriptor", passes_a_descriptor_to_itself, HAND_FILE, ALL(EBADF, EBADF), NULL, 0 },
};

ESCAPE_TABLE(escapes_by_handed_socket, escapes);
