/*
 * turn.c - all that a set has to do and that needs no wait
 */
#include "src/completion/turn.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/timers.h"
#include "src/completion/inbox.h"
#include "src/completion/look.h"
#include "src/completion/member.h"
#include "src/completion/start.h"
#include "src/completion/state.h"
#include "src/completion/watch.h"
#include <forkscope/completion.h>
#include <stddef.h>
#include <stdint.h>

/* How many calls are looked at in one turn. */
enum { AT_ONCE = 64 };

/* A call is told only once, and is not in the inbox when it is given out. */
static void take_arrivals(procspawn_set *set) REQUIRES(set_lock)
{
    struct list *item;

    while ((item = procspawn__inbox_take(&set->inbox)) != NULL)
        procspawn__look(list_entry(item, struct procspawn__member, in_inbox));
}

static void take_events(procspawn_set *set) REQUIRES(set_lock)
{
    struct procspawn__member *members[AT_ONCE];
    int count = procspawn__watch_poll(set, members, AT_ONCE);

    for (int i = 0; i < count; i++)
        procspawn__look(members[i]);
}

static void on_time(struct procspawn__member *member) REQUIRES(set_lock)
{
    if (member->state == PROCSPAWN__MEMBER_WAITING || member->state == PROCSPAWN__MEMBER_STARTING)
        procspawn__set_start_cancel(member, procspawn__member_too_late());
    else
        procspawn__look(member);
}

static void keep_time(procspawn_set *set) REQUIRES(set_lock)
{
    int64_t now = base__now();

    while (set->timers.first && set->timers.first->at <= now) {
        struct timer *timer = set->timers.first;
        base__timer_clear(&set->timers, timer);
        on_time(list_entry(timer, struct procspawn__member, timer));
    }
}

static void look_at_unseen(procspawn_set *set) REQUIRES(set_lock)
{
    for (int i = 0; i < AT_ONCE && !list_empty(&set->unseen); i++) {
        struct procspawn__member *member =
            list_entry(set->unseen.next, struct procspawn__member, in_list);
        list_remove(&member->in_list);
        procspawn__look(member);
    }
}

void procspawn__turn(procspawn_set *set)
{
    take_arrivals(set);
    take_events(set);
    keep_time(set);
    look_at_unseen(set);
    procspawn__set_start_all(set);
}

void procspawn__turn_look_for_closed(procspawn_set *set)
{
    for (struct list *item = set->members.next; item != &set->members; item = item->next) {
        struct procspawn__member *member = list_entry(item, struct procspawn__member, in_set);
        if (member->watched >= 0 && !base__fd_is_ours(member->watched))
            procspawn__look_soon(member);
    }
}

int64_t procspawn__turn_due(const procspawn_set *set)
{
    int64_t until = procspawn__set_start_due(set);

    if (set->timers.first && set->timers.first->at < until)
        until = set->timers.first->at;
    if (!list_empty(&set->ended) || !list_empty(&set->unseen))
        until = 0;
    return until;
}

void procspawn__turn_rest(procspawn_set *set)
{
    procspawn__inbox_rest(&set->inbox, procspawn__turn_due(set));
}
