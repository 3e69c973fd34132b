/*
 * raw.c - finds the sockets of a child, and sends and receives on them
 */
#include "tests/hostile/raw.h"

#include "src/child/reply.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <string.h>

enum { FDS_MAX = 253, DESCRIPTORS_SEARCHED = 1024 };

int raw_sender = -1;

int raw_channel(void)
{
    return procspawn__reply.channel;
}

static int option(int fd, int name)
{
    int value = -1;
    socklen_t length = sizeof value;

    return getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0 ? -1 : value;
}

/* A channel passes its sender, a link does not. */
int raw_link(void)
{
    for (int fd = 3; fd < DESCRIPTORS_SEARCHED; fd++) {
        if (fd != raw_sender && option(fd, SO_TYPE) == SOCK_SEQPACKET &&
            option(fd, SO_PASSCRED) == 0)
            return fd;
    }
    return -1;
}

int raw_target(struct random *random)
{
    return raw_sender >= 0 && !random_one_in(random, 4) ? raw_sender : raw_channel();
}

static void attach(struct msghdr *message, int type, const void *data, size_t length)
{
    struct cmsghdr *c = (struct cmsghdr *)((char *)message->msg_control + message->msg_controllen);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(c), data, length);
    message->msg_controllen += CMSG_SPACE(length);
}

int raw_send(int to, const void *bytes, size_t length, const int *fds, size_t fd_count,
             const struct ucred *as)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof *as)];
    } control = { .bytes = { 0 } };
    struct iovec iov = { (void *)(uintptr_t)bytes, length };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };

    if (fd_count > 0)
        attach(&message, SCM_RIGHTS, fds, (fd_count < FDS_MAX ? fd_count : FDS_MAX) * sizeof *fds);
    if (as)
        attach(&message, SCM_CREDENTIALS, as, sizeof *as);
    return sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int raw_frame(int to, enum wire_type type, const void *body, size_t length, const int *fds,
              size_t fd_count)
{
    struct wire_header header = { .type = type, .fd_count = (uint32_t)fd_count, .length = length };
    char bytes[sizeof header + WIRE_MAX_BODY];

    if (length > WIRE_MAX_BODY)
        return -EMSGSIZE;
    memcpy(bytes, &header, sizeof header);
    if (length > 0)
        memcpy(bytes + sizeof header, body, length);
    return raw_send(to, bytes, sizeof header + length, fds, fd_count, NULL);
}

int raw_result(int to, const void *text, size_t length, bool reserved_keys, const int *fds,
               size_t fd_count)
{
    struct wire_value head = { .generation = procspawn__reply.generation, .length = length,
                               .reserved_keys = reserved_keys };
    char body[WIRE_MAX_BODY];

    if (length > sizeof body - sizeof head)
        return -EMSGSIZE;
    memcpy(body, &head, sizeof head);
    memcpy(body + sizeof head, text, length);
    return raw_frame(to, to == raw_sender ? WIRE_VALUE : WIRE_RESULT, body,
                     sizeof head + length, fds, fd_count);
}

int raw_result_in(int to, int memfd, size_t length, bool reserved_keys)
{
    struct wire_value head = { .generation = procspawn__reply.generation, .length = length,
                               .place = WIRE_IN_MEMFD, .reserved_keys = reserved_keys };

    return raw_frame(to, to == raw_sender ? WIRE_VALUE : WIRE_RESULT, &head, sizeof head,
                     &memfd, memfd >= 0);
}
