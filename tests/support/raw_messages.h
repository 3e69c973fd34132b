/*
 * raw_messages.h - functions that use the sockets of their process directly, as a hostile child
 * would
 */
#ifndef FORKSCOPE_SUPPORT_RAW_MESSAGES_H
#define FORKSCOPE_SUPPORT_RAW_MESSAGES_H

#include "src/wire/frame.h"

#include <sys/types.h>

/* Return the sockets of a child, to its spawner and to its server; -1: it has none. */
int raw_channel(void);
int raw_link(void);

/*
 * Sends a frame with another process as its sender, which needs CAP_SYS_ADMIN. Returns 0 or -errno.
 */
int raw_send_as(int fd, pid_t sender, enum wire_type type, const void *body, size_t length);

/*
 * Sends a header and a body as they are, with a descriptor so many times. Who closes the link of a
 * child that breaks the rules is no failure.
 */
void raw_send(int fd, const struct wire_header *header, const void *body, size_t length,
              int descriptor, size_t descriptors);

/* Sends an empty message with a descriptor (-1: without one). Returns 0 or -errno. */
int raw_send_empty(int fd, int descriptor);

/*
 * Asks the server for children and waits for the first offer. Returns its channel; -1: none came.
 */
int raw_ask(unsigned count);

/*
 * Returns a listening socket that accepts nothing, and its port. For the process that lives
 * longest.
 */
int raw_listen(int *ret_port);
/*
 * Returns a socket connected to that port with unsent data, whose last close takes `seconds`; -1:
 * failed.
 */
int raw_lingering_socket(int port, int seconds);

#endif
