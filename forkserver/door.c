/*
 * door.c - where a child that wants children asks for a link of its own
 *
 * Most children never ask for any, so they are not given a link at their birth. Instead all
 * children of a server hold the outer end of one socket, the door. Who asks for the first time
 * makes a pair of sockets and hands one of them in there; from then on it is a client like the
 * host. The kernel says who stands at the door.
 *
 * Whoever holds the outer end could shut the door for all others. So a child that becomes less than
 * its server was, or runs code of the host's for that, gets its link before and gives up the door
 * (src/proc/setup.c); the others could kill the server as well. A door that was shut is replaced
 * for the children to come.
 */
#include "forkserver/internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static void close_door(struct server *s)
{
    close(s->door[0]);
    close(s->door[1]);
    s->door[0] = s->door[1] = -1;
}

/*
 * Without a door children cannot have children, and everything else goes on; one that nobody
 * watches would keep them waiting.
 */
void forkserver__door_open(struct server *s)
{
    static enum watch door = WATCH_DOOR;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &door };

    if (wire__pair(s->door) < 0)
        return;
    if (wire__pass_sender(s->door[0]) < 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->door[0], &event) < 0)
        close_door(s);
}

static void replace(struct server *s)
{
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->door[0], NULL);
    close_door(s);
    forkserver__door_open(s);
}

/* A child may come again; what it had is closed then. A stranger gets nothing. */
static void let_in(struct server *s)
{
    struct child *child = forkserver__child_by_pid(&s->children, s->frame.sender);

    if (!child || s->frame.header.type != WIRE_LINK || s->frame.header.fd_count == 0)
        return;
    forkserver__client_close(s, &child->client);
    child->client.fd = wire__take_fd(&s->frame, 0);
    forkserver__client_open(s, &child->client);
}

void forkserver__door_readable(struct server *s)
{
    int rc = wire__recv(s->door[0], &s->frame, true);

    if (rc == 0) {
        let_in(s);
        wire__close_fds(&s->frame);
    }
    if (rc == -EPIPE)
        replace(s);
}
