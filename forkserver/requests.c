/*
 * requests.c - handles requests for children
 *
 * The table `requests` says what is legal from whom, and when; anything else is refused before its
 * body is looked at, and closes the link of its sender. A requester identifies a child by process
 * id and number together, and can end or limit only children that it requested.
 */
#include "forkserver/requests.h"

#include "forkserver/children/children.h"
#include "forkserver/children/death.h"
#include "forkserver/children/link.h"
#include "forkserver/children/quota.h"
#include "forkserver/children/reporter.h"
#include "forkserver/children/requester.h"
#include "forkserver/children/spares.h"
#include "forkserver/children/spawn.h"
#include "forkserver/children/state.h"
#include "forkserver/children/stop.h"
#include "forkserver/children/terminate.h"
#include "forkserver/children/time_limits.h"
#include "forkserver/prefork.h"
#include "src/base/clock.h"
#include <errno.h>
#include <forkscope/error.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static bool writable(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT);
}

/* Watches for space too while children are owed and an offer cannot be sent. */
static void watch_for_space(struct server *s, struct requester *requester, bool on)
{
    struct epoll_event event = { .events = EPOLLIN | (on ? EPOLLOUT : 0), .data.ptr = requester };
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, requester->link.fd, &event);
}

static void refuse(const struct requester *requester, int error, unsigned count)
{
    struct wire_refused body = { .error = error, .count = count };

    if (count > 0)
        wire__send_struct(requester->link.fd, WIRE_REFUSED, &body, sizeof body, -1, true);
}

static void serve_one(struct server *s, struct requester *requester)
{
    struct child *child;
    int rc = forkserver__quota_full(s, requester) ? PROCSPAWN_ELIMIT : 0;

    if (rc == 0)
        rc = forkserver__spawn(s, requester, BASE_NEVER, true, &child);
    if (rc == 0)
        rc = forkserver__offer(s, requester, &child, 1);
    if (rc < 0)
        refuse(requester, -rc, 1);
    requester->credits--;
}

/* A few children for each run of the loop, so that other requesters and timeouts are served. */
static void serve_requester(struct server *s, struct requester *requester)
{
    enum { AT_ONCE = 8 };
    bool owed = requester->credits > 0;

    for (int i = 0; i < AT_ONCE && requester->credits > 0 && !requester->closed && !s->ending;
         i++) {
        if (!writable(requester->link.fd))
            break;
        serve_one(s, requester);
    }
    if (owed && !requester->closed)
        watch_for_space(s, requester, requester->credits > 0);
}

/* A requester that asks has used all earlier offers. */
static int on_fork(struct server *s, struct requester *requester, const void *message)
{
    const struct wire_fork *body = message;

    if (body->count > WIRE_MAX_FORKS)
        return -EPROTO;
    if (!requester->owner)
        forkserver__spares_ran_dry(&s->prefork.spares, base__now());
    requester->spares = 0;
    requester->epoch++;
    unsigned held = requester->owner ? 0 : forkserver__prefork_offer(s);
    if (body->count <= held)
        return 0;
    unsigned granted = forkserver__quota_grant(s, requester, body->count - held);
    requester->credits += granted;
    refuse(requester, -PROCSPAWN_ELIMIT, body->count - held - granted);
    return 0;
}

/* Returns the requester's living child, or NULL. */
static struct child *find(struct server *s, const struct requester *requester, int32_t pid,
                          uint64_t id)
{
    struct child *child = forkserver__child_by_id(&s->children, pid, id);
    return child && child->requester == requester ? child : NULL;
}

/* Returns the requester's dead child whose death is not yet reported, or NULL. */
static struct child *find_dead(struct server *s, const struct requester *requester, uint64_t id)
{
    struct child *child = forkserver__child_dead(&s->children, id);
    return child && child->requester == requester ? child : NULL;
}

static int on_end_child(struct server *s, struct requester *requester, const void *message)
{
    const struct wire_end_child *body = message;

    if (body->signal <= 0 || body->signal >= NSIG || body->grace < 0 ||
        body->cause < WIRE_ENDED_BY_KILL || body->cause > WIRE_ENDED_BY_POOL)
        return -EPROTO;
    struct child *child = find(s, requester, body->pid, body->id);
    /*
     * A stop came before the request, though its SIGCHLD may not have been handled: it counts
     * first.
     */
    if (child)
        forkserver__poll_stop(s, child->pid);
    if (child)
        forkserver__terminate(s, child, body->signal, body->grace, body->cause);
    else if ((child = find_dead(s, requester, body->id)))
        child->unwanted = true;
    return 0;
}

static int on_await(struct server *s, struct requester *requester, const void *message)
{
    const struct wire_await *body = message;
    struct child *child = find(s, requester, body->pid, body->id);

    if (!child)
        child = find_dead(s, requester, body->id);
    if (!child) {
        forkserver__death_unknown(requester, body->id);
        return 0;
    }
    child->ended_wanted = true;
    forkserver__child_retell(child);
    child->unwanted |= body->kill != 0;
    if (body->kill)
        forkserver__terminate(s, child, SIGKILL, 0, WIRE_ENDED_BY_KILL);
    return 0;
}

static int on_limit(struct server *s, struct requester *requester, const void *message)
{
    const struct wire_limit *body = message;

    if (body->kind >= WIRE_LIMIT_KINDS || body->length < 0 || body->until < 0)
        return -EPROTO;
    struct child *child = find(s, requester, body->pid, body->id);

    if (!child)
        child = find_dead(s, requester, body->id);
    if (child)
        forkserver__limit_set(s, child, body->kind, body->until, body->length);
    return 0;
}

static int on_examine(struct server *s, struct requester *requester, const void *message)
{
    const struct wire_examine *body = message;
    struct child *child = find(s, requester, body->pid, body->id);

    if (body->question == 0)
        return -EPROTO;
    if (child)
        forkserver__poll_stop(s, child->pid);
    if (child)
        forkserver__report_asked(s, child, body->question);
    else
        forkserver__report_refuse(requester, body->question, -ESRCH);
    return 0;
}

static int on_crashed(struct server *s, struct requester *requester, const void *message)
{
    (void)message;
    forkserver__on_notice(s, requester->owner);
    return 0;
}

/* Every message of the host asks for a look: see forkserver__requester_readable. */
static int on_look(struct server *s, struct requester *requester, const void *message)
{
    (void)s, (void)requester, (void)message;
    return 0;
}

static int on_end(struct server *s, struct requester *requester, const void *message)
{
    const struct wire_end *body = message;

    (void)requester;
    forkserver__terminate_all(s, body->grace > 0 ? SIGTERM : SIGKILL, body->grace,
                              WIRE_ENDED_BY_KILL);
    return 0;
}

enum { FROM_HOST = 1, FROM_CHILD = 2, FROM_ROOT = 4, FROM_REQUESTERS = FROM_HOST | FROM_CHILD };
enum { WHILE_SERVING = 1, WHILE_ENDING = 2, ALWAYS = WHILE_SERVING | WHILE_ENDING };

/*
 * Who may send it; when it is handled: at other times it is ignored, because its sender cannot know
 * of the end; the length of its body; the function that handles it. requester: NULL for the root.
 */
static const struct request {
    enum wire_type type;
    unsigned senders;
    unsigned when;
    size_t length;
    int (*handle)(struct server *s, struct requester *requester, const void *message);
} requests[] = {
    { WIRE_FORK, FROM_REQUESTERS, WHILE_SERVING, sizeof(struct wire_fork), on_fork },
    { WIRE_END_CHILD, FROM_REQUESTERS, ALWAYS, sizeof(struct wire_end_child), on_end_child },
    { WIRE_LIMIT, FROM_REQUESTERS, ALWAYS, sizeof(struct wire_limit), on_limit },
    { WIRE_AWAIT, FROM_REQUESTERS, ALWAYS, sizeof(struct wire_await), on_await },
    { WIRE_EXAMINE, FROM_REQUESTERS, WHILE_SERVING, sizeof(struct wire_examine), on_examine },
    { WIRE_CRASHED, FROM_CHILD, ALWAYS, 0, on_crashed },
    { WIRE_LOOK, FROM_HOST, ALWAYS, 0, on_look },
    { WIRE_END, FROM_ROOT, ALWAYS, sizeof(struct wire_end), on_end },
};

/* Returns the row of a request that this sender may send; NULL: there is none. */
static const struct request *row_of(const struct wire_header *header, unsigned sender)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct request *row = &requests[i];
        if (row->type == header->type)
            return (row->senders & sender) && row->length == header->length ? row : NULL;
    }
    return NULL;
}

/* Handles the request in s->frame. Returns 0, or -EPROTO if it is refused. */
static int dispatch(struct server *s, unsigned sender, struct requester *requester)
{
    const struct request *row = row_of(&s->frame.header, sender);

    if (!row)
        return -EPROTO;
    if (!(row->when & (s->ending ? WHILE_ENDING : WHILE_SERVING)))
        return 0;
    return row->handle(s, requester, s->frame.body);
}

/* The root sends one message, END. Anything else is like the end of file: END without grace. */
void forkserver__root_readable(struct server *s)
{
    int rc = wire__recv(s->root_link, &s->frame, true);

    if (rc == -EAGAIN)
        return;
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->root_link, NULL);
    if (rc == 0)
        rc = dispatch(s, FROM_ROOT, NULL);
    if (rc < 0)
        forkserver__terminate_all(s, SIGKILL, 0, WIRE_ENDED_BY_LOSS);
}

/*
 * End of file from the host ends all children; from a child it closes only the link. Requests of a
 * dead child are ignored. A few requests are handled for each run of the loop. A LOOK of the host
 * may not fit into a link that is full of other messages, so each of them counts as one.
 */
void forkserver__requester_readable(struct server *s, struct requester *requester)
{
    enum { AT_ONCE = 64 };
    const unsigned sender = requester->owner ? FROM_CHILD : FROM_HOST;
    int rc = requester->owner && forkserver__child_is_dead(requester->owner) ? -EPIPE : 0;

    for (int i = 0; i < AT_ONCE && rc == 0 && !requester->closed; i++) {
        rc = forkserver__link_recv(&requester->link, &s->frame);
        if (rc == 0 && sender == FROM_HOST)
            forkserver__check_answers_soon(s);
        if (rc == 0)
            rc = dispatch(s, sender, requester);
    }
    if (rc == 0 || rc == -EAGAIN || rc == -ENOMEM || rc == -ENOBUFS) {
        serve_requester(s, requester);
        return;
    }
    forkserver__requester_close(requester, s->epoll);
    shutdown(requester->link.fd, SHUT_RDWR);
    if (!requester->owner)
        forkserver__terminate_all(s, SIGKILL, 0, WIRE_ENDED_BY_KILL);
}
