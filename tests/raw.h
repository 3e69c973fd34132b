/*
 * raw.h - functions that speak on the sockets of their process by themselves, as a hostile one would
 */
#ifndef TESTS_RAW_H
#define TESTS_RAW_H

#include "src/wire/frame.h"

#include <sys/types.h>

/* The sockets of a child, -1 if it has none: to its spawner, and to its server. */
int raw_channel(void);
int raw_link(void);

/* A frame with another process as its sender, as CAP_SYS_ADMIN allows. 0 or -errno. */
int raw_send_as(int fd, pid_t sender, enum wire_type type, const void *body, size_t length);

#endif
