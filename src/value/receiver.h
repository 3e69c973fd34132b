/*
 * receiver.h - the end of a channel that receives
 */
#ifndef FORKSCOPE_VALUE_RECEIVER_H
#define FORKSCOPE_VALUE_RECEIVER_H

#include <forkscope/channel.h>
#include <stdbool.h>

/*
 * Makes a receiver of a socket. The descriptor is taken, also on failure. shared: other processes
 * have duplicates, or had them. Returns 0 or -errno.
 */
int procspawn__receiver_adopt(int fd, bool shared, procspawn_receiver **ret_receiver);

#endif
