/*
 * time_limit.h - errors of calls whose time limit, or whose scope, has ended
 */
#ifndef FORKSCOPE_ERROR_TIME_LIMIT_H
#define FORKSCOPE_ERROR_TIME_LIMIT_H

#include <forkscope/error.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Of a call whose total limit (nanoseconds) passed in the queue of a pool. shortage: why no worker
 * could be started; 0: none is known. NULL: out of memory.
 */
procspawn_error *procspawn__error_of_queue(int64_t limit, int shortage);
/* The process was killed because a limit (nanoseconds) passed: that of its run, or of the call. */
void procspawn__error_by_limit(procspawn_error *error, bool run, int64_t limit);
/*
 * The process was killed because its scope ended; by_limit: because the scope's time limit passed.
 * scope: its name; "": none. Without memory the message stays as it is. The error may be NULL.
 */
void procspawn__error_by_scope(procspawn_error *error, const char *scope, bool by_limit);
/*
 * The total limit of a call has passed, and there was no process for it: notes that. Returns
 * -ETIMEDOUT, for which procspawn__error_of_start makes an error of kind TIMED_OUT.
 */
int procspawn__refuse_late(int64_t limit);

#endif
