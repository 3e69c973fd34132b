/*
 * place_tools.h - what tests of rights do to their own process
 */
#ifndef TESTS_PLACE_TOOLS_H
#define TESTS_PLACE_TOOLS_H

#include <stdbool.h>

/* Takes /proc away from this process. False where that cannot be done. */
bool place_lose_proc(void);

/* Shuts the calling thread in: by a seccomp filter that allows everything, by a Landlock domain.
 * Also who is not root can; no_new_privs is set for that. */
bool place_add_filter(void);
bool place_add_landlock(void);

/* Runs a part of a test in a thread, with which its state ends. */
void place_in_thread(void (*part)(void));

/* Runs a part of a test in a process forked for it, which must leave by itself. */
void place_in_process(void (*part)(void));

#endif
