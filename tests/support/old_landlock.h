/*
 * old_landlock.h - a kernel whose Landlock is of an older version
 */
#ifndef FORKSCOPE_SUPPORT_OLD_LANDLOCK_H
#define FORKSCOPE_SUPPORT_OLD_LANDLOCK_H

/*
 * From now on this process and those that it forks see this version (1 to 7): a process of the
 * test's answers for the kernel, and refuses what that version does not know as the kernel would.
 * Ends the process if that cannot be.
 */
void old_landlock_begin(int version);
/* Ends that process: the system call fails from now on. */
void old_landlock_end(void);

#endif
