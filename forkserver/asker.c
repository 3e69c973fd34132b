/*
 * asker.c - opens and closes the link of a client
 */
#include "forkserver/asker.h"

#include "forkserver/state.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int forkserver__client_open(struct server *s, struct client *client)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, client->link.fd, &event) < 0 ? -errno : 0;
}

/*
 * A child being forked may hold a copy of the descriptor, so closing alone would not remove the
 * watch.
 */
void forkserver__client_close(struct server *s, struct client *client)
{
    if (client->closed)
        return;
    client->closed = true;
    client->credits = 0;
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, client->link.fd, NULL);
}

static void give_back(struct server *s, int fd, bool harmless)
{
    if (harmless)
        close(fd);
    else
        forkserver__purge_add(&s->purge, fd);
}

/* The child's end may hold unread offers, with channels that others have sent messages on. */
void forkserver__client_free(struct server *s, struct client *client)
{
    if (client->link.fd < 0)
        return;
    forkserver__client_close(s, client);
    give_back(s, client->link.fd, forkserver__link_harmless(&client->link));
    give_back(s, client->link.far, client->epoch == 0);
    client->link.fd = -1;
}
