/*
 * retire.c - dead children leave the table, or get another process
 */
#include "forkserver/retire.h"

#include "forkserver/children/births.h"
#include "forkserver/children/children.h"
#include "forkserver/children/death.h"
#include "forkserver/children/orphan_scan.h"
#include "forkserver/children/quota.h"
#include "forkserver/children/requester.h"
#include "forkserver/children/spawn.h"
#include "forkserver/children/state.h"
#include "forkserver/children/time_limits.h"
#include "forkserver/children/timing.h"
#include "forkserver/prefork.h"
#include "forkserver/process/purge.h"
#include "forkserver/requests.h"
#include "src/base/clock.h"
#include <unistd.h>

/*
 * An unread call may hold descriptors, and the requester of a nested child may have sent anything.
 */
static void give_back_channel(struct server *s, const struct child *child)
{
    if (child->unread || (child->requester && child->requester->owner))
        forkserver__purge_add(&s->purge, child->channel);
    else
        close(child->channel);
}

static void finish(struct server *s, struct child *child)
{
    struct requester *requester = child->requester;

    forkserver__death_told(s, child);
    give_back_channel(s, child);
    forkserver__requester_free(&child->as_requester, s->epoll, &s->purge);
    if (requester) {
        requester->children--;
        forkserver__quota_count(s, requester, -1);
        if (child->offered >= 0)
            forkserver__prefork_drop(s, child);
        else if (requester->epoch == child->epoch && requester->spares > 0)
            requester->spares--;
        if (!requester->owner)
            forkserver__prefork_lost_one(s, child);
    }
    forkserver__child_free(&s->children, child);
}

/* Pause when nothing can be purged, or without memory for the report. */
static const int64_t retry_delay = BASE_SECOND / 50;

static bool space_to_finish(struct server *s)
{
    return forkserver__purge_has_space(&s->purge) ||
           (forkserver__births_over(&s->births) && forkserver__purge(&s->purge));
}

/*
 * The child had no time to have children. Requests that its requester sent earlier are handled
 * first: one may ask to terminate it.
 */
static bool is_reborn(struct server *s, struct child *child)
{
    if (child->state != CHILD_GONE || child->as_requester.children > 0 ||
        !forkserver__death_before_call(s, child))
        return false;
    forkserver__requester_readable(s, child->requester);
    if (!forkserver__death_before_call(s, child) || !space_to_finish(s) ||
        !forkserver__respawn(s, child))
        return false;
    forkserver__limit_rewatch(s, child);
    return true;
}

/* Its nested children must be finished first. */
static bool may_finish(struct server *s, struct child *child)
{
    if (child->state != CHILD_GONE || child->as_requester.children > 0)
        return false;
    if ((s->ending || space_to_finish(s)) && forkserver__death_tell(s, child))
        return true;
    if (child->state == CHILD_GONE)
        forkserver__wake_by(s, base__deadline(retry_delay));
    return false;
}

/* Finishing a nested child may allow its requester to finish: repeat until nothing changes. */
static void finish_dead(struct server *s)
{
    bool moved = true;

    while (moved) {
        struct child *next;
        moved = false;
        for (struct child *c = s->children.dead; c; c = next) {
            next = c->next_dead;
            if (is_reborn(s, c) || !may_finish(s, c))
                continue;
            finish(s, c);
            moved = true;
        }
    }
}

void forkserver__retire(struct server *s)
{
    finish_dead(s);
    if (s->ending && s->children.count == 0)
        s->leave = forkserver__orphan_scan_last(s);
}
