/*
 * timing.c - moments at which something is due
 */
#include "forkserver/children/timing.h"

#include "forkserver/children/state.h"

void forkserver__wake_by(struct server *s, int64_t when)
{
    if (when < s->wake_at)
        s->wake_at = when;
}

void forkserver__kill_by(struct server *s, struct child *child, int64_t when,
                         enum wire_end_cause cause)
{
    if (when < child->kill_at) {
        child->kill_at = when;
        child->kill_cause = cause;
    }
    forkserver__wake_by(s, child->kill_at);
}
