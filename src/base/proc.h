/*
 * proc.h - whether /proc can be believed
 */
#ifndef FORKSCOPE_BASE_PROC_H
#define FORKSCOPE_BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

/* Is there a /proc, and of the namespace that this process counts processes in? */
bool base__proc_is_ours(void);

/*
 * Has this process begun to end, or ended? It closes its descriptors after it began, and long before
 * its pidfd is readable. False where /proc cannot be believed.
 */
bool base__proc_is_ending(pid_t pid);

#endif
