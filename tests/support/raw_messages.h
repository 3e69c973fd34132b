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

/* A message of no bytes, with a descriptor unless that is -1. 0 or -errno. */
int raw_send_empty(int fd, int descriptor);

/* Asks the server for children and waits for the first offer; its channel, -1 without one. */
int raw_ask(unsigned count);

/* A listening socket that accepts nothing, and its port. For the process that outlives the rest. */
int raw_listen(int *ret_port);
/* A socket connected to it with unsent data, whose last close takes so many seconds; -1: none. */
int raw_lingering_socket(int port, int seconds);

#endif
