/*
 * frame.h - whole messages and their descriptors over one AF_UNIX SEQPACKET socket
 *
 * A frame is a header, a body and descriptors, sent in one system call. Interrupted calls are
 * repeated here. Descriptors are born close-on-exec; those that come with a broken frame are
 * closed.
 */
#ifndef FORKSCOPE_WIRE_FRAME_H
#define FORKSCOPE_WIRE_FRAME_H

#include "src/wire/protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One part of a body; the parts are sent one behind the other. */
struct wire_part {
    const void *data;
    size_t length;
};

/* A frame as received. body is the caller's memory; fds are owned by it until taken. */
struct wire_frame {
    struct wire_header header;
    void *body;
    size_t capacity;
    pid_t sender;               /* by the kernel's word, 0 if the socket does not pass it */
    uid_t sender_uid;           /* its real ids, or others that it proved to have */
    gid_t sender_gid;
    bool was_reset;             /* the other end went, and left unread what was sent to it */
    bool lossy;                 /* set by the caller: see wire__recv */
    bool trusted;               /* the same: who sends has made this process, or forks for it */
    int fds[WIRE_MAX_FDS];      /* -1 when taken */
};

/*
 * Sends one frame. Returns 0, -EAGAIN (dont_wait and no room now), -EPIPE (nobody at the other
 * end), -EMSGSIZE, or another errno of sendmsg(2). Raises no signal.
 */
int wire__send(int sock, enum wire_type type, const struct wire_part *parts, size_t part_count,
               const int *fds, size_t fd_count, bool dont_wait);

/* The same in the name of the superuser, which the kernel lets pass if one of this thread's user ids
 * is 0; else -EPERM. The receiver is told the real ids otherwise. */
int wire__send_as_root(int sock, enum wire_type type, const struct wire_part *parts,
                       size_t part_count, const int *fds, size_t fd_count, bool dont_wait);

/* The same for a body that is one structure. */
int wire__send_struct(int sock, enum wire_type type, const void *body, size_t length, int fd,
                      bool dont_wait);

/*
 * Receives one frame into frame->body, from a socket that nobody else receives from. Returns 0,
 * -EAGAIN (nothing there, dont_wait), -EPIPE at the end of the stream, or
 *   -EPROTO              a frame that breaks the rules, an empty datagram included, or whose
 *                        descriptors a security policy keeps back; it is gone, and they are closed
 *   -EMFILE, -ENFILE, -ENOMEM   this process has no room for its descriptors, or too many of others
 *                        to close: the frame stays, and is received when there is room. There is,
 *                        at the latest, with room for WIRE_MAX_FDS + 1 of them. If the caller has
 *                        set frame->lossy the frame is gone, and only the header is valid
 *   or another errno of recvmsg(2).
 */
int wire__recv(int sock, struct wire_frame *frame, bool dont_wait);

/*
 * The same without waiting, where several processes or threads may receive from one socket, each
 * its own frames. A frame for which there was room when it was looked at is gone with -EMFILE when
 * somebody else has taken the last of that room since, or when it brings more descriptors than its
 * header says.
 */
int wire__recv_shared(int sock, struct wire_frame *frame);

/* Is it the want of something that may be there later: room for descriptors, or memory? */
bool wire__is_shortage(int rc);

/* Hands descriptor number index over to the caller, -1 if there is none. */
int wire__take_fd(struct wire_frame *frame, size_t index);

/* Closes the descriptors that nobody took; see base/closer.h for those that are not trusted. */
void wire__close_fds(struct wire_frame *frame);

/* Is there no frame left, and can none come any more? */
bool wire__has_ended(int sock);

/*
 * Closes a socket whose frames carry their sender, and whose other end others have: what they left
 * in it is dropped, which is not waited for where it can take long. No duplicate of sock can be
 * used any more; a process that has a copy of it by fork(2) calls close(2).
 */
void wire__close(int sock);

/* A pair of connected sockets for frames, both close-on-exec. Returns 0 or -errno. */
int wire__pair(int ret_ends[2]);

/* From now on frames received from sock carry their sender. Returns 0 or -errno. */
int wire__pass_sender(int sock);

#endif
