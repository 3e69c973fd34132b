/*
 * timing.c - the moment of the next timeout
 */
#include "forkserver/timing.h"

#include "forkserver/state.h"

void forkserver__wake_by(struct server *s, int64_t when)
{
    if (when < s->wake_at)
        s->wake_at = when;
}
