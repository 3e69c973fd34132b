/*
 * sender.h - the end of a channel that sends
 */
#ifndef FORKSCOPE_VALUE_SENDER_H
#define FORKSCOPE_VALUE_SENDER_H

#include <forkscope/channel.h>
#include <stdbool.h>

/*
 * Makes a sender of a socket. The descriptor is taken, also on failure. foreign: received from
 * another process. Returns 0 or -errno.
 */
int procspawn__sender_adopt(int fd, bool foreign, procspawn_sender **ret_sender);

#endif
