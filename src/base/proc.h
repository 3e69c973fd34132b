/*
 * proc.h - is /proc usable, and is a process ending? What is its name?
 */
#ifndef FORKSCOPE_BASE_PROC_H
#define FORKSCOPE_BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

/* Is /proc mounted, and for the pid namespace of this process? */
bool base__proc_is_ours(void);

/*
 * Has this process begun to exit, or exited? A process closes its descriptors after it has begun to
 * exit, and long before its pidfd becomes readable. False if /proc is not usable.
 */
bool base__proc_is_ending(pid_t pid);

/* Has the process, or its zombie, this name (PR_SET_NAME)? False if /proc is not usable. */
bool base__proc_is_named(pid_t pid, const char *name);

#endif
