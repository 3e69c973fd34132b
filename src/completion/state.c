/*
 * state.c - what a set is: its calls, their lanes, its lock
 */
#include "src/completion/state.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/process.h"
#include "src/base/timers.h"
#include "src/call/handle.h"
#include "src/call/launch.h"
#include "src/completion/inbox.h"
#include "src/completion/lane.h"
#include "src/completion/member.h"
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct procspawn__pool_lane {
    struct list in_set;
    struct procspawn__lane lane;
    size_t members;             /* calls that refer to it */
};

bool procspawn__set_is_ours(const procspawn_set *set)
{
    return set->owner == base__process();
}

procspawn_set *procspawn__set_new(void) NO_THREAD_SAFETY_ANALYSIS("no other thread knows it")
{
    procspawn_set *set = calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->owner = base__process();
    set->epoll = set->client = -1;
    set->inbox.alarm.fd = -1;
    pthread_mutex_init(&set->lock, NULL);
    list_init(&set->members);
    list_init(&set->unseen);
    list_init(&set->starting);
    list_init(&set->ended);
    list_init(&set->pools);
    procspawn__lane_init(&set->processes, NULL, 1);
    return set;
}

void procspawn__set_destroy(procspawn_set *set)
    NO_THREAD_SAFETY_ANALYSIS("no other thread uses the set")
{
    procspawn__inbox_close(&set->inbox);
    procspawn__launch_files_drop(&set->files);
    base__fd_close(set->epoll);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

/* If a thread of the parent held the lock at the fork, the lists may be inconsistent, and what is
 * in them is not freed. */
void procspawn__set_forget(procspawn_set *set) NO_THREAD_SAFETY_ANALYSIS("it tries to lock")
{
    bool whole = pthread_mutex_trylock(&set->lock) == 0;

    while (whole && !list_empty(&set->members)) {
        struct procspawn__member *member =
            list_entry(set->members.next, struct procspawn__member, in_set);
        list_remove(&member->in_set);
        procspawn__member_forget(member);
    }
    while (whole && !list_empty(&set->pools)) {
        struct procspawn__pool_lane *lane =
            list_entry(set->pools.next, struct procspawn__pool_lane, in_set);
        list_remove(&lane->in_set);
        free(lane);
    }
    if (whole)
        procspawn__launch_files_forget(&set->files);
    free(set);
}

/* ---- lanes ---- */

struct procspawn__lane *procspawn__set_lane_at(struct list *item)
{
    return &list_entry(item, struct procspawn__pool_lane, in_set)->lane;
}

static struct procspawn__pool_lane *pool_lane_of(struct procspawn__lane *lane)
{
    return list_entry(lane, struct procspawn__pool_lane, lane);
}

struct procspawn__lane *procspawn__set_pool_lane(procspawn_set *set, const void *pool)
{
    for (struct list *item = set->pools.next; item != &set->pools; item = item->next) {
        struct procspawn__pool_lane *there =
            list_entry(item, struct procspawn__pool_lane, in_set);
        if (there->lane.key == pool)
            return &there->lane;
    }
    struct procspawn__pool_lane *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return NULL;
    procspawn__lane_init(&fresh->lane, pool, UINT_MAX);
    list_append(&set->pools, &fresh->in_set);
    return &fresh->lane;
}

static void refer(struct procspawn__member *member, struct procspawn__lane *lane)
{
    member->lane = lane;
    if (lane && lane->key)
        pool_lane_of(lane)->members++;
}

/* A pool that is made later may have the address of one that was freed: a lane goes with its last
 * call. */
static void unrefer(struct procspawn__member *member)
{
    struct procspawn__lane *lane = member->lane;

    member->lane = NULL;
    if (!lane || !lane->key)
        return;
    struct procspawn__pool_lane *of_pool = pool_lane_of(lane);
    if (--of_pool->members > 0)
        return;
    list_remove(&of_pool->in_set);
    free(of_pool);
}

/* ---- calls ---- */

void procspawn__set_join(struct procspawn__member *member, struct procspawn__lane *lane)
{
    procspawn_set *set = member->set;

    refer(member, lane);
    list_append(&set->members, &member->in_set);
    set->count++;
    if (lane)
        list_append(&lane->waiting, &member->in_list);
    if (member->deadline != BASE_NEVER)
        base__timer_set(&set->timers, &member->timer, member->deadline);
}

/* Afterwards no thread of a pool uses the call: a call has ended a moment before its listener is
 * told. */
static void stop_listening(struct procspawn__member *member)
{
    procspawn_handle *handle = member->handle;

    if (handle && handle->kind->listen)
        handle->kind->listen(handle, NULL);
    procspawn__inbox_withdraw(&member->set->inbox, &member->in_inbox);
}

void procspawn__set_part(struct procspawn__member *member)
{
    procspawn_set *set = member->set;

    stop_listening(member);
    base__timer_clear(&set->timers, &member->timer);
    list_remove(&member->in_list);
    list_remove(&member->in_set);
    set->count--;
    if (member->has_place)
        procspawn__lane_gave_back(member->lane);
    unrefer(member);
}

void procspawn__set_begin(struct procspawn__member *member)
{
    procspawn__lane_took(member->lane, &member->in_list);
    member->has_place = true;
    procspawn__member_step(member, PROCSPAWN__MEMBER_BEGIN);
    list_append(&member->set->starting, &member->in_list);
}

void procspawn__set_put_off(struct procspawn__member *member)
{
    list_remove(&member->in_list);
    procspawn__lane_return(member->lane, &member->in_list);
    member->has_place = false;
    procspawn__member_step(member, PROCSPAWN__MEMBER_PUT_OFF);
}

void procspawn__set_started(struct procspawn__member *member, procspawn_handle *handle)
{
    struct procspawn__lane *lane = member->lane;

    base__timer_clear(&member->set->timers, &member->timer);
    member->handle = handle;
    procspawn__member_step(member, PROCSPAWN__MEMBER_STARTED);
    if (lane && !member->has_place)
        procspawn__lane_took(lane, &member->in_list);
    member->has_place = lane != NULL;
    if (lane)
        procspawn__lane_release(lane);
    list_remove(&member->in_list);
    list_append(&member->set->unseen, &member->in_list);
}

void procspawn__set_ended(struct procspawn__member *member, procspawn_error *error)
{
    base__timer_clear(&member->set->timers, &member->timer);
    procspawn__member_step(member, PROCSPAWN__MEMBER_END);
    if (error)
        member->error = error;
    list_remove(&member->in_list);
    list_append(&member->set->ended, &member->in_list);
}
