/*
 * frame_fuzz.c - a frame read from a socket: any bytes, with any descriptors
 */
#include "tests/fuzz/fuzz.h"

#include "src/base/closer.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS_MAX = 80, BODY_MAX = 512 };

struct sent {
    size_t fd_count;
    int fds[FDS_MAX];
};

static void open_all(struct fuzz_input *input, struct sent *sent)
{
    uint8_t kind = fuzz_u8(input);

    sent->fd_count = fuzz_u8(input) % (FDS_MAX + 1);
    for (size_t i = 0; i < sent->fd_count; i++)
        sent->fds[i] = fuzz_open((uint8_t)(kind + i), "", 0);
}

static void close_all(const struct sent *sent)
{
    for (size_t i = 0; i < sent->fd_count; i++)
        close(sent->fds[i]);
}

static void *add(struct msghdr *message, int type, size_t length)
{
    struct cmsghdr *c =
        (struct cmsghdr *)((char *)message->msg_control + message->msg_controllen);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(length);
    message->msg_controllen += CMSG_SPACE(length);
    return CMSG_DATA(c);
}

/* The bytes as they are: no header is put in front. */
static void send_raw(int sock, const struct sent *sent, bool named, const void *bytes, size_t size)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } control;
    const struct ucred self = { getpid(), getuid(), getgid() };
    struct iovec iov = { (void *)(uintptr_t)bytes, size };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };

    memset(&control, 0, sizeof control);
    if (sent->fd_count > 0)
        memcpy(add(&message, SCM_RIGHTS, sent->fd_count * sizeof(int)), sent->fds,
               sent->fd_count * sizeof(int));
    if (named)
        memcpy(add(&message, SCM_CREDENTIALS, sizeof self), &self, sizeof self);
    fuzz_check(sendmsg(sock, &message, MSG_NOSIGNAL) == (ssize_t)size);
}

/* What was accepted is as the header says. */
static void check_accepted(struct wire_frame *frame, size_t size, const struct sent *sent)
{
    int fd;

    fuzz_check(frame->header.length == size - sizeof frame->header);
    fuzz_check(frame->header.length <= frame->capacity);
    fuzz_check(frame->header.fd_count == sent->fd_count && sent->fd_count <= WIRE_MAX_FDS);
    for (size_t i = 0; i < frame->header.fd_count; i++)
        fuzz_check(fcntl(frame->fds[i], F_GETFD) == FD_CLOEXEC);
    fd = wire__take_fd(frame, sent->fd_count);
    fuzz_check(fd == -1);
    fd = wire__take_fd(frame, 0);
    fuzz_check((fd >= 0) == (sent->fd_count > 0));
    if (fd >= 0)
        close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    uint8_t flags = fuzz_u8(&input);
    int ends[2], rc;
    struct sent sent;
    struct wire_frame frame = { .capacity = flags & 1 ? 16 : BODY_MAX,
                                .trusted = flags & 2, .lossy = flags & 4 };

    fuzz_note_descriptors();
    base__close_by_threads(false);
    fuzz_check(wire__pair(ends) == 0);
    if (flags & 8)
        fuzz_check(wire__pass_sender(ends[0]) == 0);
    open_all(&input, &sent);
    send_raw(ends[1], &sent, flags & 16, input.bytes, input.left);
    frame.body = malloc(frame.capacity);
    rc = flags & 32 ? wire__recv_shared(ends[0], &frame) : wire__recv(ends[0], &frame, true);
    fuzz_check(rc == 0 || rc == -EPROTO);
    if (rc == 0)
        check_accepted(&frame, input.left, &sent);
    wire__close_fds(&frame);
    fuzz_check(wire__recv(ends[0], &frame, true) == -EAGAIN);
    free(frame.body);
    close_all(&sent);
    wire__close(ends[0]);
    close(ends[1]);
    fuzz_check_descriptors();
    return 0;
}
