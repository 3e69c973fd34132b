/*
 * channel_end.h - what senders and receivers have in common: a socket that others may have too
 */
#ifndef FORKSCOPE_VALUE_CHANNEL_END_H
#define FORKSCOPE_VALUE_CHANNEL_END_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Takes fd, and closes it without memory for its owner. foreign: received from another process.
 * Returns its number, which may be another one, or -errno.
 */
int procspawn__end_hold(int fd, bool has_memory, bool foreign);

/* Closes an end whose contents are unknown, without blocking. */
void procspawn__end_close_unseen(int fd);

/*
 * Waits with the cancel state `cancel`, and disables cancellation again. Returns 0, -ETIMEDOUT or
 * -ECANCELED. A cancellation point, if `cancel` is PTHREAD_CANCEL_ENABLE.
 */
int procspawn__end_wait(int fd, short events, int64_t deadline, int cancel);

#endif
