/*
 * watch.c - the descriptors that a set watches
 *
 * The key of an epoll event is the call that it is for, or NULL for the alarm and the client's set:
 * these say only that there is something to do.
 */
#include "src/completion/watch.h"

#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/client/links.h"
#include "src/completion/inbox.h"
#include "src/completion/member.h"
#include "src/completion/state.h"
#include <errno.h>
#include <forkscope/completion.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>

static int watch(procspawn_set *set, int fd, struct procspawn__member *member)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = member };

    return epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void unwatch(procspawn_set *set, int fd)
{
    if (base__fd_is_ours(set->epoll) && base__fd_is_ours(fd))
        epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* ---- calls ---- */

bool procspawn__watch_member(struct procspawn__member *member, int fd)
{
    if (member->watched == fd && fd >= 0)
        return true;
    procspawn__unwatch_member(member);
    if (!base__fd_is_ours(fd) || watch(member->set, fd, member) < 0)
        return false;
    member->watched = fd;
    return true;
}

void procspawn__unwatch_member(struct procspawn__member *member)
{
    if (member->watched >= 0)
        unwatch(member->set, member->watched);
    member->watched = -1;
}

/* ---- the answers of servers ---- */

/* The client makes its set anew when the program has closed it, perhaps under the same number. Then
 * no event comes, but a set that waits for a child looks at intervals. */
void procspawn__watch_client(procspawn_set *set, bool on)
{
    int fd = on ? procspawn__links_set() : -1;

    if (fd == set->client)
        return;
    if (set->client >= 0)
        unwatch(set, set->client);
    set->client = fd >= 0 && watch(set, fd, NULL) == 0 ? fd : -1;
}

/* ---- the epoll set ---- */

/* What was watched in the lost set is looked at, and watched again then. */
static void look_at_all(procspawn_set *set)
{
    procspawn__set_enter(set);
    for (struct list *item = set->members.next; item != &set->members; item = item->next) {
        struct procspawn__member *member = list_entry(item, struct procspawn__member, in_set);
        member->watched = -1;
        if (member->state != PROCSPAWN__MEMBER_RUNNING &&
            member->state != PROCSPAWN__MEMBER_DECODING)
            continue;
        list_remove(&member->in_list);
        list_append(&set->unseen, &member->in_list);
    }
    procspawn__set_leave(set);
    set->client = -1;
}

int procspawn__watch_open(procspawn_set *set)
{
    bool is_new;
    int alarm = procspawn__inbox_fd(&set->inbox, &is_new);

    if (alarm < 0)
        return alarm;
    if (!is_new && base__fd_is_ours(set->epoll))
        return 0;
    base__fd_close(set->epoll);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    set->epoll = epoll < 0 ? -errno : base__fd_own(epoll);
    look_at_all(set);
    if (set->epoll < 0)
        return set->epoll;
    return watch(set, alarm, NULL);
}

int procspawn__watch_poll(procspawn_set *set, struct procspawn__member *ret_members[], int max)
{
    enum { BATCH = 64 };
    struct epoll_event events[BATCH];
    int found = 0;
    int count = epoll_wait(set->epoll, events, max < BATCH ? max : BATCH, 0);

    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            ret_members[found++] = events[i].data.ptr;
    }
    return found;
}
