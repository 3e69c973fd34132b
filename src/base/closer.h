/*
 * closer.h - descriptors that came from outside, and how they are closed
 *
 * close(2) of a descriptor that another process sent can take as long as that process likes: a
 * socket lingers, a file system in user space is asked, the queue of a socket holds such
 * descriptors again. So what is not known to be harmless is closed by a thread that is there for
 * nothing else: one after the other, and by another thread when one takes longer than a moment.
 * Such threads have all signals blocked, and end when nothing is left to close.
 */
#ifndef FORKSCOPE_BASE_CLOSER_H
#define FORKSCOPE_BASE_CLOSER_H

#include <stdbool.h>

/* Closes a descriptor, now or soon; a negative one is none. Never waits, keeps errno. */
void base__close_foreign(int fd);

/* Waits until all that was to be closed is, or until a moment has passed. Keeps errno. */
void base__close_settle(void);

/* Is one of them taking longer than that? */
bool base__close_is_stuck(void);

/* Are there so many that it is better to take in no more? */
bool base__close_is_behind(void);

/*
 * Whether this process may have such threads; it may, unless told otherwise. A process that forks
 * on behalf of others must not: there the caller closes by itself, and a socket does not linger.
 */
void base__close_by_threads(bool may);

#endif
