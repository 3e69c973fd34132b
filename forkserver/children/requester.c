/*
 * requester.c - opens and closes the link of a requester
 */
#include "forkserver/children/requester.h"

#include "forkserver/children/link.h"
#include "forkserver/process/purge.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int forkserver__requester_open(struct requester *requester, int epoll)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = requester };
    return epoll_ctl(epoll, EPOLL_CTL_ADD, requester->link.fd, &event) < 0 ? -errno : 0;
}

/*
 * A child being forked may hold a copy of the descriptor, so closing alone would not remove the
 * watch.
 */
void forkserver__requester_close(struct requester *requester, int epoll)
{
    if (requester->closed)
        return;
    requester->closed = true;
    requester->credits = 0;
    epoll_ctl(epoll, EPOLL_CTL_DEL, requester->link.fd, NULL);
}

static void give_back(int fd, bool harmless, struct purge *purge)
{
    if (harmless)
        close(fd);
    else
        forkserver__purge_add(purge, fd);
}

/* The child's end may hold unread offers, with channels that others have sent messages on. */
void forkserver__requester_free(struct requester *requester, int epoll, struct purge *purge)
{
    if (requester->link.fd < 0)
        return;
    forkserver__requester_close(requester, epoll);
    give_back(requester->link.fd, forkserver__link_harmless(&requester->link), purge);
    if (requester->link.far >= 0)
        give_back(requester->link.far, requester->epoch == 0, purge);
    requester->link.fd = -1;
}
