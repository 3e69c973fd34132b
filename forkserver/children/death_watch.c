/*
 * death_watch.c - deaths that cause no SIGCHLD
 *
 * If another process traces a child, the dead child is a zombie of the tracer first: its parent
 * gets no signal and cannot reap it until the tracer releases it. Its pidfd becomes readable all
 * the same. Most children do not live long enough for a pidfd to pay, so it is opened for children
 * older than a second. A pidfd of a child that died meanwhile is readable at once.
 */
#include "forkserver/children/death_watch.h"

#include "forkserver/children/link.h"
#include "forkserver/children/state.h"
#include "forkserver/children/timing.h"
#include "src/base/clock.h"
#include "src/base/shortage.h"
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int64_t youth = BASE_SECOND;
/* Pause before the next attempt when no descriptor is free. */
static const int64_t retry_delay = BASE_SECOND / 10;

void forkserver__death_watch_add(struct server *s, struct child *child)
{
    if (list_empty(&s->young)) {
        s->young_until = child->born + youth;
        forkserver__wake_by(s, s->young_until);
    }
    list_append(&s->young, &child->in_young);
}

void forkserver__death_watch_remove(struct server *s, struct child *child)
{
    list_remove(&child->in_young);
    if (child->pidfd < 0)
        return;
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, child->pidfd, NULL);
    close(child->pidfd);
    child->pidfd = -1;
}

static int watch_one(struct server *s, struct child *child)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &child->death };
    int pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);

    if (pidfd < 0)
        return -errno;
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, pidfd, &event) < 0) {
        int rc = -errno;
        close(pidfd);
        return rc;
    }
    child->pidfd = pidfd;
    return 0;
}

/* One descriptor less. Offers may wait in the link of a child that has asked for children. */
static void let_go_of_link(struct requester *requester)
{
    if (requester->epoch == 0)
        forkserver__link_let_go(&requester->link);
}

static int64_t watch_those_of_age(struct server *s, int64_t now)
{
    while (!list_empty(&s->young)) {
        struct child *child = list_entry(s->young.next, struct child, in_young);
        if (child->born + youth > now)
            return child->born + youth;
        int rc = s->no_pidfds ? 0 : watch_one(s, child);
        if (base__is_shortage(rc))
            return now + retry_delay;
        let_go_of_link(&child->as_requester);
        /* Any other failure means that the kernel has no pidfds: the watch is given up. */
        s->no_pidfds |= rc < 0;
        list_remove(&child->in_young);
    }
    return BASE_NEVER;
}

void forkserver__death_watch_due(struct server *s, int64_t now)
{
    if (s->young_until <= now)
        s->young_until = watch_those_of_age(s, now);
    forkserver__wake_by(s, s->young_until);
}
