/*
 * raw.h - the library's wire protocol as a hostile function uses it
 */
#ifndef FORKSCOPE_TESTS_HOSTILE_RAW_H
#define FORKSCOPE_TESTS_HOSTILE_RAW_H

#include "src/wire/protocol.h"
#include "tests/hostile/random.h"
#include <stddef.h>
#include <sys/socket.h>

/* What children ask their server by; -1 if there is no such thing. */
int raw_link(void);
/* Where answers go. */
int raw_channel(void);
/* The same, or the sender of the user's channel that came with the argument. */
int raw_target(struct random *random);
/* The sender that came; -1: none. */
extern int raw_sender;

/* A datagram, with descriptors, and with these credentials if they are not NULL. Does not
 * wait. Returns 0 or -errno. */
int raw_send(int to, const void *bytes, size_t length, const int *fds, size_t fd_count,
             const struct ucred *as);

/* A whole frame: a body of at most WIRE_MAX_BODY bytes. */
int raw_frame(int to, enum wire_type type, const void *body, size_t length, const int *fds,
              size_t fd_count);

/* A result of these bytes with descriptors, for the call at hand. */
int raw_result(int to, const void *text, size_t length, bool reserved_keys, const int *fds,
               size_t fd_count);
/* The same in a memory file, or in what is said to be one. */
int raw_result_in(int to, int memfd, size_t length, bool reserved_keys);

#endif
