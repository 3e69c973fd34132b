/*
 * confinement_helpers.h - what tests of rights change in their own process
 */
#ifndef FORKSCOPE_SUPPORT_CONFINEMENT_HELPERS_H
#define FORKSCOPE_SUPPORT_CONFINEMENT_HELPERS_H

#include <stdbool.h>

/* Removes /proc from this process. Returns false if that is not possible. */
bool confinement_lose_proc(void);

/*
 * Restrict the calling thread: by a seccomp filter that allows everything, by a Landlock domain.
 * They do not need root; no_new_privs is set for that.
 */
bool confinement_add_filter(void);
bool confinement_add_landlock(void);

/* Runs a part of a test in a thread, whose changed state ends with it. */
void confinement_in_thread(void (*part)(void));

/* Runs a part of a test in a process forked for it. The part must end the process. */
void confinement_in_process(void (*part)(void));

#endif
