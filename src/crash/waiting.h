/*
 * waiting.h - what a thread does that has not failed: "waits for the mutex at 0x5581c0, which
 * thread 4712 (loader) holds", "in poll(0x7ffc10, 1, -1)", "runs"
 */
#ifndef FORKSCOPE_CRASH_WAITING_H
#define FORKSCOPE_CRASH_WAITING_H

#include "src/crash/remote_memory.h"
#include "src/crash/tracee.h"

#include <sys/types.h>

enum { WAITING_TEXT = 200 };    /* longer ones are cut */

/*
 * tracees: the threads that are known by name. memory: of the process; NULL if it cannot be read.
 * The text is "" where nothing is known. Returns the thread that it waits for: the owner of the
 * mutex, or the thread that is to end; 0: none is known.
 */
pid_t crash__waiting_text(const struct tracee *tracee, const struct tracees *tracees,
                          struct memory *memory, char ret_text[WAITING_TEXT]);

#endif
