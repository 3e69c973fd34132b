/*
 * shown_threads.h - which threads a report shows, when there are more than it has room for
 */
#ifndef FORKSCOPE_CRASH_SHOWN_THREADS_H
#define FORKSCOPE_CRASH_SHOWN_THREADS_H

#include "src/crash/backtrace.h"
#include "src/crash/tracee.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Chooses at most BACKTRACE_THREADS threads: the first, the main thread, those that others wait
 * for, and then the others, as they come. waits_for: for each thread the one that it waits for; 0:
 * none. Returns their number, and their indexes in rising order.
 */
size_t crash__shown_threads(const struct tracees *tracees, pid_t main, const pid_t *waits_for,
                            uint16_t ret_shown[BACKTRACE_THREADS]);

#endif
