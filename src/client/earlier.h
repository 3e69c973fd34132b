/*
 * earlier.h - reaps roots that this process started before it called execve(2)
 *
 * Such a root remains a child of the process. It ends, because its link closed with the exec; but
 * no wait() of the new program sees it, so it would stay a zombie.
 */
#ifndef FORKSCOPE_CLIENT_EARLIER_H
#define FORKSCOPE_CLIENT_EARLIER_H

#include <stdint.h>

/* At init, before the root is started: finds the roots among the children of this process. */
void procspawn__earlier_find(void);

/* Reaps those that have ended or end until the deadline; 0: does not wait. */
void procspawn__earlier_reap(int64_t deadline);

#endif
