/*
 * earlier.h - what an earlier image of this process has left
 *
 * A process that executes a program stays the parent of the root that it had started before. The
 * link of that root has closed by then, so it ends; but no wait() of the new image sees it.
 */
#ifndef FORKSCOPE_PROC_EARLIER_H
#define FORKSCOPE_PROC_EARLIER_H

#include <stdint.h>

/* Remembers the roots that are there before this image has one of its own. */
void procspawn__earlier_find(void);

/* Reaps those of them that have ended, or end until the deadline (0: has passed). */
void procspawn__earlier_reap(int64_t deadline);

#endif
