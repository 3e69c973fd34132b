/*
 * asker.c - opens and closes the link of an asker
 */
#include "forkserver/children/asker.h"

#include "forkserver/children/link.h"
#include "forkserver/process/purge.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int forkserver__asker_open(struct asker *asker, int epoll)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = asker };
    return epoll_ctl(epoll, EPOLL_CTL_ADD, asker->link.fd, &event) < 0 ? -errno : 0;
}

/*
 * A child being forked may hold a copy of the descriptor, so closing alone would not remove the
 * watch.
 */
void forkserver__asker_close(struct asker *asker, int epoll)
{
    if (asker->closed)
        return;
    asker->closed = true;
    asker->credits = 0;
    epoll_ctl(epoll, EPOLL_CTL_DEL, asker->link.fd, NULL);
}

static void give_back(int fd, bool harmless, struct purge *purge)
{
    if (harmless)
        close(fd);
    else
        forkserver__purge_add(purge, fd);
}

/* The child's end may hold unread offers, with channels that others have sent messages on. */
void forkserver__asker_free(struct asker *asker, int epoll, struct purge *purge)
{
    if (asker->link.fd < 0)
        return;
    forkserver__asker_close(asker, epoll);
    give_back(asker->link.fd, forkserver__link_harmless(&asker->link), purge);
    give_back(asker->link.far, asker->epoch == 0, purge);
    asker->link.fd = -1;
}
