/*
 * timing.c - moments at which something is due
 */
#include "forkserver/children/timing.h"

#include "forkserver/children/state.h"
#include "src/base/clock.h"
#include "src/base/timers.h"

void forkserver__wake_by(struct server *s, int64_t when)
{
    if (when < s->wake_at)
        s->wake_at = when;
}

/* A moment that was given up stays in the heap: then the loop looks once in vain. */
void forkserver__look_by(struct server *s, struct child *child, int64_t when)
{
    if (when == BASE_NEVER)
        return;
    if (!child->due.set || when < child->due.at)
        base__timer_set(&s->children.due, &child->due, when);
    forkserver__wake_by(s, when);
}

void forkserver__kill_by(struct server *s, struct child *child, int64_t when,
                         enum wire_end_cause cause)
{
    if (when < child->kill_at) {
        child->kill_at = when;
        child->kill_cause = cause;
    }
    forkserver__look_by(s, child, child->kill_at);
}
