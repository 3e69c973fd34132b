/*
 * asker.c - opens and closes the link of a client
 */
#include "forkserver/children/asker.h"

#include "forkserver/children/link.h"
#include "forkserver/process/purge.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int forkserver__client_open(struct client *client, int epoll)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
    return epoll_ctl(epoll, EPOLL_CTL_ADD, client->link.fd, &event) < 0 ? -errno : 0;
}

/*
 * A child being forked may hold a copy of the descriptor, so closing alone would not remove the
 * watch.
 */
void forkserver__client_close(struct client *client, int epoll)
{
    if (client->closed)
        return;
    client->closed = true;
    client->credits = 0;
    epoll_ctl(epoll, EPOLL_CTL_DEL, client->link.fd, NULL);
}

static void give_back(int fd, bool harmless, struct purge *purge)
{
    if (harmless)
        close(fd);
    else
        forkserver__purge_add(purge, fd);
}

/* The child's end may hold unread offers, with channels that others have sent messages on. */
void forkserver__client_free(struct client *client, int epoll, struct purge *purge)
{
    if (client->link.fd < 0)
        return;
    forkserver__client_close(client, epoll);
    give_back(client->link.fd, forkserver__link_harmless(&client->link), purge);
    give_back(client->link.far, client->epoch == 0, purge);
    client->link.fd = -1;
}
