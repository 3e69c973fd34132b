/*
 * closed.h - closes a root or scope whose tasks may fail
 */
#ifndef FORKSCOPE_SUPPORT_CLOSED_H
#define FORKSCOPE_SUPPORT_CLOSED_H

#include <forkscope/scope.h>

/* A status of no scope: an outcome that still has it was not written. */
enum { NO_OUTCOME = 1 << 20 };

/* Cancels and closes. Returns 0 when it is closed, whatever its tasks returned, or the error. */
static inline int close_whatever(scoped_spawner spawner, int64_t until)
{
    struct scoped_outcome ended = { .status = NO_OUTCOME };
    int rc = scoped_cancel_close(spawner, until, &ended);
    if (ended.status == NO_OUTCOME)
        return rc;
    scoped_outcome_fini(&ended);
    return 0;
}

#endif
