/*
 * first_message.h - the first message in the queue of a socket
 *
 * A message can be looked at before it is removed (MSG_PEEK). A look duplicates its descriptors.
 */
#ifndef FORKSCOPE_WIRE_FIRST_MESSAGE_H
#define FORKSCOPE_WIRE_FIRST_MESSAGE_H

#include "src/wire/frame.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Result of one peek or receive of the first message. */
struct wire_look {
    ssize_t length;             /* or -errno */
    int flags;
    bool named;                 /* control data came: this is a message, not the end */
    bool squeezed;              /* a descriptor came, but could not be moved above the streams */
    size_t fd_count;            /* all that came; those above the limit are closed already */
};

/* recvmsg(2), repeated when a signal interrupts it. Returns the length or -errno. */
ssize_t wire__first_receive(int sock, struct wire_frame *frame, struct msghdr *message, int flags);

/*
 * Peeks at or receives the first message. frame->header.fd_count becomes the number of descriptors
 * held; *ret_told is the count that the header claims.
 */
struct wire_look wire__first_look(int sock, struct wire_frame *frame, int flags,
                                  uint32_t *ret_told);

/* Did fewer descriptors arrive than were sent? */
bool wire__first_is_incomplete(const struct wire_look *look);

/* The first message as seen by a peek that has no space for descriptors, with SO_PASSCRED set. */
enum wire_outside { WIRE_NO_MESSAGE, WIRE_WITHOUT_FDS, WIRE_WITH_FDS };

enum wire_outside wire__first_outside(int sock, struct wire_frame *frame);

/* Is there a message? The end of the stream reads like an empty datagram; this tells them apart. */
bool wire__first_exists(int sock, struct wire_frame *frame);

/*
 * Removes the first message from the queue; its descriptors were received before or are not wanted.
 */
int wire__first_drop(int sock, struct wire_frame *frame);

#endif
