/*
 * frame.h - whole messages and their descriptors over one AF_UNIX SEQPACKET socket
 *
 * A frame is a header, a body and descriptors, sent in one system call. Calls interrupted by a
 * signal are repeated here. Received descriptors are close-on-exec; descriptors of a malformed
 * frame are closed.
 */
#ifndef FORKSCOPE_WIRE_FRAME_H
#define FORKSCOPE_WIRE_FRAME_H

#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One part of a body; the parts are sent in order without gaps. */
struct wire_part {
    const void *data;
    size_t length;
};

/* A frame as received. body is the caller's memory. The frame owns its fds until they are taken. */
struct wire_frame {
    struct wire_header header;
    void *body;
    size_t capacity;
    pid_t sender;               /* from SCM_CREDENTIALS; 0 if the socket does not pass it */
    uid_t sender_uid;           /* the sender's real ids, or others that the kernel let it name */
    gid_t sender_gid;
    bool was_reset;             /* ECONNRESET: the other end closed with unread data */
    bool lossy;                 /* set by the caller: see wire__recv */
    bool trusted;               /* set by the caller: the sender is host, root, server or spawner */
    int fds[WIRE_MAX_FDS];      /* -1 once taken */
};

/*
 * Sends one frame. Returns 0, -EAGAIN (dont_wait and no space in the socket now), -EPIPE (the other
 * end is closed), -EMSGSIZE, or another errno of sendmsg(2). Raises no signal.
 */
int wire__send(int sock, enum wire_type type, const struct wire_part *parts, size_t part_count,
               const int *fds, size_t fd_count, bool dont_wait);

/*
 * As wire__send, with user id 0 in the credentials. The kernel allows that if one of this thread's
 * user ids is 0; otherwise -EPERM. Without it the receiver gets the real ids.
 */
int wire__send_as_root(int sock, enum wire_type type, const struct wire_part *parts,
                       size_t part_count, const int *fds, size_t fd_count, bool dont_wait);

/* As wire__send, for a body that is one structure; fd may be negative. */
int wire__send_struct(int sock, enum wire_type type, const void *body, size_t length, int fd,
                      bool dont_wait);

/*
 * Receives one frame into frame->body. No other thread or process may receive from the socket.
 * Returns 0, -EAGAIN (no frame, dont_wait), -EPIPE at the end of the stream, or
 *   -EPROTO   a malformed frame, an empty datagram, or descriptors withheld by a security policy;
 *             the frame is removed and its descriptors are closed
 *   -EMFILE, -ENFILE, -ENOMEM   too few free descriptors or too little memory in this process, or
 *             too many descriptors of others still to close. The frame stays in the queue for a
 *             later call; WIRE_MAX_FDS + 1 free descriptors are always enough. If the caller has
 *             set frame->lossy the frame is removed instead, and only the header is valid
 *   or another errno of recvmsg(2).
 */
int wire__recv(int sock, struct wire_frame *frame, bool dont_wait);

/*
 * As wire__recv without waiting, in one system call instead of two, for frames of a trusted sender
 * that may be lost: a frame for whose descriptors this process has no free ones is removed,
 * -EMFILE. The caller has checked with base__fd_is_ours that sock is still open.
 */
int wire__recv_at_once(int sock, struct wire_frame *frame);

/*
 * As wire__recv without waiting, for a socket from which several processes or threads receive. The
 * call peeks at a frame and checks for free descriptors first. If these are used up before it
 * receives, or if the frame brings more descriptors than its header says, the frame is lost:
 * -EMFILE.
 */
int wire__recv_shared(int sock, struct wire_frame *frame);

/*
 * Waits until wire__recv does not have to: for a second at most, since the socket was prepared by
 * the first one, which returns 0 or -errno. It costs half of what poll(2) does, and sees nothing
 * but this socket. Returns 0; -ECONNRESET, which wire__recv does not see then; or another -errno,
 * also -EINTR and -EAGAIN. A cancellation point. The caller has checked with base__fd_is_ours that
 * sock is still open.
 */
int wire__limit_waits(int sock);
int wire__wait(int sock);

/* Hands descriptor number index to the caller. Returns it, or -1 if there is none. */
int wire__take_fd(struct wire_frame *frame, size_t index);

/*
 * Closes the descriptors that were not taken. Those of an untrusted sender are closed by
 * src/base/closer.h.
 */
void wire__close_fds(struct wire_frame *frame);

/* Is the stream at its end, with no frame left? */
bool wire__has_ended(int sock);

/*
 * Closes a socket that passes credentials and whose other end other processes hold. Frames left in
 * it are dropped; if that can block, a closer thread does it. Shuts down reception: duplicates of
 * sock are of no use afterwards. A process that has sock as a copy by fork(2) must call close(2)
 * instead.
 */
void wire__close(int sock);

/* Makes a pair of connected close-on-exec sockets for frames. Returns 0 or -errno. */
int wire__pair(int ret_ends[2]);

/* Makes sock pass credentials: frames received from it carry their sender. Returns 0 or -errno. */
int wire__pass_sender(int sock);

#endif
