/*
 * time_limits.c - how long a child may take for its call
 *
 * The run limit begins with the function. The child says so before it calls the function, in a way
 * that needs no link and cannot be taken back (src/wire/protocol.h). Until then the moment holds
 * that came with the limit: a child that does not say it gains no more than that.
 */
#include "forkserver/children/time_limits.h"

#include "forkserver/children/children.h"
#include "forkserver/children/state.h"
#include "forkserver/children/timing.h"
#include "src/base/clock.h"
#include <sys/epoll.h>
#include <sys/socket.h>

/* Each event is reported once: the channel may be shut down before the function begins. */
static void watch(struct server *s, struct child *child)
{
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET, .data.ptr = &child->limits.begin };

    if (!child->limits.watched && child->channel >= 0)
        child->limits.watched = epoll_ctl(s->epoll, EPOLL_CTL_ADD, child->channel, &event) == 0;
}

void forkserver__limit_unwatch(struct server *s, struct child *child)
{
    if (child->limits.watched)
        epoll_ctl(s->epoll, EPOLL_CTL_DEL, child->channel, NULL);
    child->limits.watched = false;
}

static bool is_ahead(const struct time_limit *limit)
{
    return limit->until != BASE_NEVER && limit->length < limit->until - base__now();
}

void forkserver__limit_rewatch(struct server *s, struct child *child)
{
    if (is_ahead(&child->limits.of[WIRE_LIMIT_RUN]))
        watch(s, child);
}

void forkserver__limit_set(struct server *s, struct child *child, enum wire_limit_kind kind,
                           int64_t until, int64_t length)
{
    child->limits.of[kind] = (struct time_limit){ until, length };
    if (!forkserver__child_is_dead(child))
        forkserver__limit_rewatch(s, child);
    forkserver__look_by(s, child, until);
}

static bool has_begun(const struct child *child)
{
    int locked = 0;
    socklen_t size = sizeof locked;

    return getsockopt(child->channel, SOL_SOCKET, SO_LOCK_FILTER, &locked, &size) == 0 && locked;
}

void forkserver__limit_look(struct server *s, struct child *child)
{
    struct time_limit *run = &child->limits.of[WIRE_LIMIT_RUN];

    if (!has_begun(child))
        return;
    forkserver__limit_unwatch(s, child);
    if (is_ahead(run))
        run->until = base__deadline(run->length);
    forkserver__look_by(s, child, run->until);
}

int64_t forkserver__limit_next(const struct child *child)
{
    const struct time_limit *of = child->limits.of;
    return of[WIRE_LIMIT_RUN].until < of[WIRE_LIMIT_TOTAL].until ? of[WIRE_LIMIT_RUN].until
                                                                 : of[WIRE_LIMIT_TOTAL].until;
}

bool forkserver__limit_passed(struct child *child, int64_t now, enum wire_limit_kind *ret_kind)
{
    struct time_limit *of = child->limits.of;
    enum wire_limit_kind kind =
        of[WIRE_LIMIT_RUN].until < of[WIRE_LIMIT_TOTAL].until ? WIRE_LIMIT_RUN : WIRE_LIMIT_TOTAL;

    if (of[kind].until > now)
        return false;
    of[kind].until = BASE_NEVER;
    *ret_kind = kind;
    return true;
}

void forkserver__limit_put_off(struct server *s, struct child *child, enum wire_limit_kind kind,
                               int64_t until)
{
    child->limits.of[kind].until = until;
    forkserver__look_by(s, child, until);
}
