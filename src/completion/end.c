/*
 * end.c - ends calls of a set, takes them out, and frees the set
 */
#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/completion/inbox.h"
#include "src/completion/look.h"
#include "src/completion/member.h"
#include "src/completion/start.h"
#include "src/completion/state.h"
#include "src/completion/turn.h"
#include "src/completion/watch.h"
#include "src/scope/wait.h"
#include <errno.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- killing ---- */

/* What cannot be sent now is sent in one of the next turns. */
static void kill_running(struct procspawn__member *member) REQUIRES(set_lock)
{
    member->killed = member->handle->kind->try_kill(member->handle) < 0;
    if (member->killed)
        procspawn__look_soon(member);
}

/* False: it has ended already. A call that is starting may be in the hands of another thread. */
static bool kill_member(struct procspawn__member *member) REQUIRES(set_lock)
{
    switch (member->state) {
    case PROCSPAWN__MEMBER_WAITING:
        procspawn__set_start_cancel(member, procspawn__member_killed());
        return true;
    case PROCSPAWN__MEMBER_STARTING:
        member->killed = true;
        return true;
    case PROCSPAWN__MEMBER_RUNNING:
        kill_running(member);
        return true;
    default:
        return false;
    }
}

static size_t kill_members(procspawn_set *set, bool all, const void *tag)
{
    size_t hit = 0;

    procspawn__set_enter(set);
    for (struct list *item = set->members.next; item != &set->members; item = item->next) {
        struct procspawn__member *member = list_entry(item, struct procspawn__member, in_set);
        if (all || member->tag == tag)
            hit += kill_member(member);
    }
    if (hit > 0)
        procspawn__inbox_ring(&set->inbox);
    procspawn__set_leave(set);
    return hit;
}

static size_t kill_uncancelled(procspawn_set *set, bool all, const void *tag)
{
    if (!procspawn__set_is_ours(set))
        return 0;
    struct wait section = scoped__uncancelled_begin();
    size_t hit = kill_members(set, all, tag);
    scoped__uncancelled_end(section);
    return hit;
}

size_t procspawn_set_kill(procspawn_set *set, const void *tag)
{
    return kill_uncancelled(set, false, tag);
}

void procspawn_set_kill_all(procspawn_set *set)
{
    kill_uncancelled(set, true, NULL);
}

/* ---- taking out ---- */

/* The first that was started, if there is one. */
static struct procspawn__member *find(procspawn_set *set, const void *tag) REQUIRES(set_lock)
{
    struct procspawn__member *found = NULL;

    for (struct list *item = set->members.next; item != &set->members; item = item->next) {
        struct procspawn__member *member = list_entry(item, struct procspawn__member, in_set);
        if (member->tag != tag)
            continue;
        if (member->handle && !member->error)
            return member;
        if (!found)
            found = member;
    }
    return found;
}

static procspawn_handle *take_handle(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn_handle *handle = member->handle;

    procspawn__unwatch_member(member);
    procspawn__set_part(member);
    member->handle = NULL;
    return handle;
}

static int take_out(procspawn_set *set, const void *tag, procspawn_handle **ret_handle)
{
    procspawn__set_enter(set);
    struct procspawn__member *member = find(set, tag);
    int rc = 0;
    if (!member)
        rc = -ENOENT;
    else if (!member->handle || member->error)
        rc = -EAGAIN;
    else
        *ret_handle = take_handle(member);
    procspawn__turn_rest(set);
    procspawn__set_leave(set);
    if (rc == 0)
        procspawn__member_free(member);
    return rc;
}

int procspawn_set_remove(procspawn_set *set, const void *tag, procspawn_handle **ret_handle)
{
    if (!procspawn__set_is_ours(set))
        return PROCSPAWN_ENOTOWNER;
    struct wait section = scoped__uncancelled_begin();
    int rc = take_out(set, tag, ret_handle);
    scoped__uncancelled_end(section);
    return rc;
}

/* ---- the end of the set ---- */

static void drop_ended(procspawn_set *set) REQUIRES(set_lock)
{
    while (!list_empty(&set->ended)) {
        struct procspawn__member *member =
            list_entry(set->ended.next, struct procspawn__member, in_list);
        procspawn__set_part(member);
        procspawn__set_leave(set);
        procspawn__member_free(member);
        procspawn__set_enter(set);
    }
}

/* Are all calls gone? */
static bool drain(procspawn_set *set)
{
    procspawn__watch_open(set);
    procspawn__set_enter(set);
    procspawn__turn(set);
    drop_ended(set);
    bool empty = set->count == 0;
    procspawn__turn_rest(set);
    procspawn__turn_look_for_closed(set);
    procspawn__set_leave(set);
    return empty;
}

static void pause_until(procspawn_set *set, int64_t deadline)
{
    enum { LONGEST = 1000, SHORT = 10 };
    struct pollfd polled = { .fd = set->epoll, .events = POLLIN };
    int left = base__poll_timeout(deadline);
    int longest = set->epoll >= 0 ? LONGEST : SHORT;

    poll(&polled, 1, left >= 0 && left < longest ? left : longest);
}

static int end(procspawn_set *set, int64_t deadline)
{
    kill_members(set, true, NULL);
    while (!drain(set)) {
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        pause_until(set, deadline);
    }
    procspawn__set_destroy(set);
    return 0;
}

int procspawn_set_free_timeout(procspawn_set *set, int64_t timeout)
{
    int64_t deadline = base__deadline(timeout);

    if (!set)
        return 0;
    struct wait section = scoped__uncancelled_begin();
    int rc = 0;
    if (procspawn__set_is_ours(set))
        rc = end(set, deadline);
    else
        procspawn__set_forget(set);
    scoped__uncancelled_end(section);
    return rc;
}

void procspawn_set_free(procspawn_set *set)
{
    procspawn_set_free_timeout(set, -1);
}
