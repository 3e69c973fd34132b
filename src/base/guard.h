/*
 * guard.h - a process whose last steps may kill it ends in good order all the same
 */
#ifndef FORKSCOPE_BASE_GUARD_H
#define FORKSCOPE_BASE_GUARD_H

#include <stdint.h>

/*
 * From here on a crash of this process, abort(3), a limit of its resources, or that so many
 * nanoseconds have passed, calls `leave`, which is async-signal-safe and does not return.
 */
void base__guard(int64_t limit, void (*leave)(int signo));

#endif
