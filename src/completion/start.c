/*
 * start.c - starts calls of a set that wait
 *
 * A call of a pool is given to the pool. A call in a process needs a child: from the stock or, some
 * time after a request, from a server; the set goes on meanwhile. Any shortage puts the call back
 * into its lane.
 */
#include "src/completion/start.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/call/handle.h"
#include "src/call/launch.h"
#include "src/completion/lane.h"
#include "src/completion/look.h"
#include "src/completion/member.h"
#include "src/completion/state.h"
#include "src/completion/watch.h"
#include "src/error/error.h"
#include "src/pool/backoff.h"
#include "src/pool/job.h"
#include "src/pool/spawn.h"
#include "src/tree/process.h"
#include <errno.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static struct procspawn__member *member_in(struct list *item)
{
    return item ? list_entry(item, struct procspawn__member, in_list) : NULL;
}

static struct procspawn__member *next_of(const struct procspawn__lane *lane) REQUIRES(set_lock)
{
    return member_in(procspawn__lane_next(lane, base__now()));
}

/* ---- scopes ---- */

/*
 * 0: the call may be started; FULL: not before its scope or its pool has room; or -errno. The
 * handle is made before the start, so that nothing is short afterwards.
 */
enum { FULL = PROCSPAWN__POOL_FULL };

static int prepare_scope(struct procspawn__member *member) REQUIRES(set_lock)
{
    const struct procspawn__launch *launch = member->launch;

    if (!member->has_scope)
        return 0;
    int rc = scoped_scope_wait_room_until(member->scope, 0);
    if (rc < 0)
        return rc == -ETIMEDOUT ? FULL : rc;
    if (member->scoped)
        return 0;
    return procspawn__scoped_new(launch ? &launch->builder : NULL, &member->scoped);
}

/* If the scope does not take the call, the call is killed, and has failed for that. */
static procspawn_handle *enter_scope(struct procspawn__member *member, procspawn_handle *handle)
    REQUIRES(set_lock)
{
    procspawn_handle *scoped = member->scoped;

    if (!scoped)
        return handle;
    int rc = procspawn__scoped_adopt(scoped, member->scope, handle);
    member->scoped = NULL;
    if (rc == 0)
        return scoped;
    member->error = procspawn__error_of_code(rc);
    member->killed = handle->kind->try_kill(handle) < 0;
    procspawn_handle_free(scoped);
    return handle;
}

static void leave_scope(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn_handle_free(member->scoped);
    member->scoped = NULL;
}

/* ---- calls of pools ---- */

/* The listener tells the end of a call; but one in a scope is looked at as a process is. */
static int submit(struct procspawn__member *member) REQUIRES(set_lock)
{
    int rc = prepare_scope(member);

    if (rc == 0)
        rc = procspawn__pool_submit(member->pool_call,
                                    member->scoped ? NULL : &member->listener);
    if (rc != 0)
        return rc;
    bool listens = !member->scoped;
    procspawn_handle *handle = enter_scope(member, &member->pool_call->handle);
    member->pool_call = NULL;
    procspawn__set_started(member, handle);
    if (listens)
        list_remove(&member->in_list);
    return 0;
}

void procspawn__set_start_pool_calls(struct procspawn__lane *lane, bool with_scopes)
{
    struct procspawn__member *member;

    while ((member = next_of(lane)) != NULL && (with_scopes || !member->has_scope)) {
        int rc = submit(member);
        if (rc == 0)
            continue;
        leave_scope(member);
        if (rc == FULL)
            procspawn__lane_wait(lane, base__now());
        else if (!procspawn__may_pass(rc) || !procspawn__lane_hold(lane, base__now()))
            procspawn__set_ended(member, procspawn__error_of_start(rc, NULL));
    }
}

/* ---- calls in processes ---- */

static procspawn_error *why_not(const struct procspawn__member *member, int rc)
{
    if (member->killed)
        return procspawn__member_killed();
    return rc == -ETIMEDOUT ? procspawn__member_too_late() : procspawn__error_of_code(rc);
}

/*
 * A request for a child is sent for each call that begins: not for too many at once, since another
 * thread that spawns takes the children that this set has asked for. No call follows one that has a
 * scope: the room in the scope is only known when that has started.
 */
static void begin_processes(procspawn_set *set) REQUIRES(set_lock)
{
    enum { AT_ONCE = 16 };
    struct procspawn__member *member;
    int begun = 0;

    for (struct list *item = set->starting.next; item != &set->starting; item = item->next) {
        if (member_in(item)->has_scope)
            return;
        begun++;
    }
    while (begun++ < AT_ONCE && (member = next_of(&set->processes)) != NULL) {
        procspawn__set_begin(member);
        if (member->has_scope)
            return;
    }
}

/* The last one first, so that they stand in the lane as before. */
static void put_off_all(procspawn_set *set) REQUIRES(set_lock)
{
    while (!list_empty(&set->starting)) {
        struct procspawn__member *member = member_in(set->starting.prev);
        procspawn__launch_put_off(member->launch);
        leave_scope(member);
        procspawn__set_put_off(member);
    }
}

void procspawn__set_start_cancel(struct procspawn__member *member, procspawn_error *error)
{
    if (member->launch)
        procspawn__launch_put_off(member->launch);
    leave_scope(member);
    procspawn__set_ended(member, error);
}

static void has_started(struct procspawn__member *member, procspawn_handle *process)
    REQUIRES(set_lock)
{
    procspawn_handle *handle = enter_scope(member, process);

    procspawn__launch_free(member->launch);
    member->launch = NULL;
    procspawn__set_started(member, handle);
    if (!member->killed && procspawn__watch_member(member, handle->kind->fd(handle)))
        list_remove(&member->in_list);
}

static void on_shortage(struct procspawn__member *member, int rc) REQUIRES(set_lock)
{
    procspawn_set *set = member->set;

    put_off_all(set);
    if (rc == FULL)
        procspawn__lane_wait(&set->processes, base__now());
    else if (!procspawn__lane_hold(&set->processes, base__now()))
        procspawn__set_start_cancel(member, procspawn__error_of_code(rc));
}

/* One step. False: there is a shortage, and no call is starting any more. */
static bool advance(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn_set *set = member->set;
    procspawn_handle *handle;
    int rc = prepare_scope(member);

    if (rc == FULL) {
        on_shortage(member, rc);
        return false;
    }
    if (rc == 0) {
        procspawn__set_leave(set);
        rc = procspawn__launch_step(member->launch, &handle);
        procspawn__set_enter(set);
    }
    if (rc == 0) {
        has_started(member, handle);
    } else if (rc < 0 && !member->killed && procspawn__may_pass(rc)) {
        on_shortage(member, rc);
        return false;
    } else if (rc < 0) {
        procspawn__set_start_cancel(member, why_not(member, rc));
    }
    return true;
}

static void advance_all(procspawn_set *set) REQUIRES(set_lock)
{
    bool more = true;

    for (struct list *item = set->starting.next; more && item != &set->starting;) {
        struct procspawn__member *member = member_in(item);
        item = item->next;
        if (member->killed)
            procspawn__set_start_cancel(member, procspawn__member_killed());
        else
            more = advance(member);
    }
}

void procspawn__set_start_all(procspawn_set *set)
{
    struct list *next;

    for (struct list *item = set->pools.next; item != &set->pools; item = next) {
        next = item->next;
        procspawn__set_start_pool_calls(procspawn__set_lane_at(item), true);
    }
    begin_processes(set);
    advance_all(set);
    procspawn__watch_client(set, !list_empty(&set->starting));
}

static int64_t due(const struct procspawn__lane *lane) REQUIRES(set_lock)
{
    if (list_empty(&lane->waiting) || lane->started >= lane->places)
        return BASE_NEVER;
    return lane->held_until;
}

int64_t procspawn__set_start_due(const procspawn_set *set)
{
    static const int64_t recheck = BASE_SECOND / 20;
    int64_t when = list_empty(&set->starting) ? due(&set->processes) : base__deadline(recheck);

    for (struct list *item = set->pools.next; item != &set->pools; item = item->next) {
        int64_t other = due(procspawn__set_lane_at(item));
        if (other < when)
            when = other;
    }
    return when;
}
