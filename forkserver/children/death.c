/*
 * death.c - reports the death of a child
 *
 * DEATH follows all messages of the child on its channel. If the child has filled the channel, the
 * report waits for space and delays nothing else; a spawner that waits asks for ENDED on its link,
 * and again if the link was full.
 */
#include "forkserver/children/death.h"

#include "forkserver/children/children.h"
#include "forkserver/children/state.h"
#include "forkserver/children/time_limits.h"
#include "src/base/clock.h"
#include "src/wire/call.h"
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/*
 * Is a message left in the channel? A child that died before it received its call has done nothing
 * of it, so another process may run it. Reception is shut down first: a message sent after the
 * check fails at the sender and is not lost. SO_PEEK_OFF is reset because the child may have set
 * it.
 */
static bool left_unread(struct child *child)
{
    char byte;
    const int from_the_front = -1;

    if (child->shut)
        return child->unread;
    child->shut = true;
    shutdown(child->channel, SHUT_RD);
    setsockopt(child->channel, SOL_SOCKET, SO_PEEK_OFF, &from_the_front, sizeof from_the_front);
    child->unread = recv(child->channel, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
    return child->unread;
}

/* Is the first message a call for a one-shot child, not one of a pool worker's? */
static bool is_plain_call(int channel)
{
    struct { struct wire_header header; struct wire_call call; } first = { .call.flags = 0 };

    return recv(channel, &first, sizeof first, MSG_PEEK | MSG_DONTWAIT) == sizeof first &&
           first.header.type == WIRE_CALL &&
           !(first.call.flags & (WIRE_CALL_KEEP_ALIVE | WIRE_CALL_PREPARE));
}

static bool has_listener(const struct server *s, const struct child *child)
{
    const struct requester *requester = child->requester;
    return !s->ending && !(requester->owner && forkserver__child_is_dead(requester->owner));
}

/* Can another process take over the call? After MOST replacements in a row it is given up. */
bool forkserver__death_before_call(const struct server *s, struct child *child)
{
    enum { MOST = 16 };
    bool by_others = child->cause == WIRE_ENDED_BY_ITSELF || child->cause == WIRE_ENDED_BY_OOM;

    return by_others && !child->unwanted && child->rebirths < MOST && has_listener(s, child) &&
           forkserver__limit_next(child) > base__now() && left_unread(child) &&
           is_plain_call(child->channel);
}

/* The length of the limit that ended it; 0: none did. */
static int64_t limit_of(const struct child *child)
{
    if (child->cause == WIRE_ENDED_BY_RUN_LIMIT)
        return child->limits.of[WIRE_LIMIT_RUN].length;
    return child->cause == WIRE_ENDED_BY_TOTAL_LIMIT ? child->limits.of[WIRE_LIMIT_TOTAL].length
                                                     : 0;
}

static struct wire_death describe(const struct child *child)
{
    const struct rusage *u = &child->usage;

    return (struct wire_death){
        .token = child->token,
        .status = child->status,
        .cause = child->cause,
        .unread = child->unread,
        .limit = limit_of(child),
        .user_time = u->ru_utime.tv_sec * INT64_C(1000000) + u->ru_utime.tv_usec,
        .system_time = u->ru_stime.tv_sec * INT64_C(1000000) + u->ru_stime.tv_usec,
        .max_rss = u->ru_maxrss,
        .minor_faults = u->ru_minflt,
        .major_faults = u->ru_majflt,
        .voluntary_switches = u->ru_nvcsw,
        .involuntary_switches = u->ru_nivcsw,
    };
}

static bool was_dropped(int rc)
{
    return rc == -EAGAIN || rc == -ENOMEM || rc == -ENOBUFS;
}

/* Tells a requester that has asked. False: it has not, or its link is full. */
static bool tell_beside(const struct child *child, const struct wire_death *death)
{
    struct wire_ended body = { .id = child->id, .known = true, .death = *death };

    return child->ended_wanted &&
           !was_dropped(wire__send_struct(child->requester->link.fd, WIRE_ENDED, &body, sizeof body,
                                          -1, true));
}

void forkserver__death_unknown(const struct requester *requester, uint64_t id)
{
    struct wire_ended body = { .id = id };
    wire__send_struct(requester->link.fd, WIRE_ENDED, &body, sizeof body, -1, true);
}

/*
 * Watches the channel until it has space or its other end is closed. If epoll fails, the caller
 * tries again at an interval.
 */
static void wait_for_space(struct server *s, struct child *child)
{
    struct epoll_event event = { .events = EPOLLOUT | EPOLLONESHOT, .data.ptr = &child->space };
    int operation = child->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (epoll_ctl(s->epoll, operation, child->channel, &event) < 0)
        return;
    child->watched = true;
    forkserver__child_enter(child, CHILD_UNTOLD);
}

/* A process that has not died has no wait status: SIGKILL is reported, with which it was killed. */
bool forkserver__death_foretell(struct child *child)
{
    struct wire_death body = describe(child);

    body.lingers = true;
    if (!forkserver__child_is_dead(child))
        body.status = SIGKILL;
    return wire__send_struct(child->channel, WIRE_DEATH, &body, sizeof body, -1, true) != -EAGAIN;
}

bool forkserver__death_tell(struct server *s, struct child *child)
{
    left_unread(child);
    struct wire_death body = describe(child);
    int rc = wire__send_struct(child->channel, WIRE_DEATH, &body, sizeof body, -1, true);

    if (tell_beside(child, &body) || !was_dropped(rc) || !has_listener(s, child))
        return true;
    if (rc == -EAGAIN)
        wait_for_space(s, child);
    return false;
}

void forkserver__death_told(struct server *s, struct child *child)
{
    if (child->watched)
        epoll_ctl(s->epoll, EPOLL_CTL_DEL, child->channel, NULL);
    child->watched = false;
}
