/*
 * closer.h - closes descriptors that came from other processes
 *
 * close(2) of a descriptor that another process sent can block for as long as that process likes: a
 * socket lingers, a file system in user space must answer, a socket's queue holds such descriptors
 * in turn. So a descriptor that is not known to be harmless is closed by a thread of its own. The
 * thread closes one descriptor after the other; when one close takes longer than 20 ms, another
 * thread continues. These threads block all signals and end when the queue is empty.
 */
#ifndef FORKSCOPE_BASE_CLOSER_H
#define FORKSCOPE_BASE_CLOSER_H

#include <stdbool.h>

/* Closes a descriptor, now or later; negative values are ignored. Never blocks. Keeps errno. */
void base__close_foreign(int fd);

/*
 * Waits until the queue is empty and its closes are done, but no longer than 20 ms if a close is
 * stuck, and no longer than a second if the machine does not run the threads. Keeps errno.
 */
void base__close_settle(void);

/* Has the running close taken longer than 20 ms? */
bool base__close_is_stuck(void);

/* Is the queue so long that the process should receive no more descriptors? */
bool base__close_is_behind(void);

/*
 * Allows or forbids closer threads in this process; the default is to allow them. A process that
 * forks must forbid them: then the caller closes the descriptor itself, with SO_LINGER switched
 * off.
 */
void base__close_by_threads(bool may);

#endif
