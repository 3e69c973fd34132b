/*
 * add.c - adds calls to a set
 */
#include "src/base/list.h"
#include "src/base/process.h"
#include "src/base/thread.h"
#include "src/call/builder.h"
#include "src/call/handle.h"
#include "src/call/launch.h"
#include "src/call/outcome.h"
#include "src/calls/options.h"
#include "src/completion/inbox.h"
#include "src/completion/lane.h"
#include "src/completion/member.h"
#include "src/completion/start.h"
#include "src/completion/state.h"
#include "src/completion/turn.h"
#include "src/image/image.h"
#include "src/pool/job.h"
#include "src/pool/spawn.h"
#include "src/scope/wait.h"
#include "src/value/message.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static void on_end(struct procspawn__listener *listener)
{
    struct procspawn__member *member = list_entry(listener, struct procspawn__member, listener);

    procspawn__inbox_put(&member->set->inbox, &member->in_inbox);
}

static struct procspawn__member *member_new(procspawn_set *set, void *tag)
{
    struct procspawn__member *member = procspawn__member_new(set, tag);

    if (member)
        member->listener.ended = on_end;
    return member;
}

/* ---- calls to be started ---- */

/* Encodes the call. Nothing is shared with other threads yet. */
static int describe(struct procspawn__member *member, const struct procspawn_call_options *options,
                    procspawn_function *function, const json_t *argument)
{
    procspawn_builder changed;

    if (options->pool) {
        int rc = procspawn__pool_describe(options->pool, options, function, argument,
                                          &member->pool_call);
        return rc < 0 ? rc
                      : procspawn__message_keep(&member->pool_call->request->request.message);
    }
    return procspawn__launch_new(procspawn__builder_with(options, &changed), function, argument,
                                 &member->launch);
}

static int join_pool(struct procspawn__member *member, const procspawn_pool *pool)
    REQUIRES(set_lock)
{
    procspawn_set *set = member->set;
    struct procspawn__lane *lane = procspawn__set_pool_lane(set, pool);

    if (!lane)
        return -ENOMEM;
    member->deadline = member->pool_call->deadline;
    procspawn__set_join(member, lane);
    procspawn__set_start_pool_calls(lane, false);
    return 0;
}

static int join_processes(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn_set *set = member->set;
    int rc = procspawn__launch_share(member->launch, &set->files);

    if (rc < 0)
        return rc;
    member->deadline = member->launch->deadline;
    procspawn__set_join(member, &set->processes);
    return 0;
}

/* The set has something to do if the call may start, or did not start for a shortage. */
static int join(struct procspawn__member *member, const procspawn_pool *pool)
{
    procspawn_set *set = member->set;

    procspawn__set_enter(set);
    int rc = pool ? join_pool(member, pool) : join_processes(member);
    if (rc == 0)
        procspawn__inbox_advance(&set->inbox, procspawn__turn_due(set));
    procspawn__set_leave(set);
    return rc;
}

static int start(procspawn_set *set, const struct procspawn_call_options *options,
                 procspawn_function *function, const json_t *argument, void *tag)
{
    int rc = procspawn__options_check(options, argument);
    if (rc < 0)
        return rc;
    struct procspawn__member *member = member_new(set, tag);
    if (!member)
        return -ENOMEM;
    member->has_scope = options->scope != NULL;
    if (options->scope)
        member->scope = *options->scope;
    rc = describe(member, options, function, argument);
    if (rc == 0)
        rc = join(member, options->pool);
    if (rc < 0)
        procspawn__member_free(member);
    return rc;
}

int procspawn_set_start(procspawn_set *set, const struct procspawn_call_options *options,
                        procspawn_function *function, json_t *argument, void *tag)
{
    static const struct procspawn_call_options none;
    const struct procspawn_call_options *differences = options ? options : &none;
    struct wait section = scoped__uncancelled_begin();
    int rc;

    if (procspawn__set_is_ours(set))
        rc = start(set, differences, function, argument, tag);
    else
        rc = procspawn__ready() ? PROCSPAWN_ENOTOWNER : PROCSPAWN_ENOTINIT;
    if (differences->take_argument)
        json_decref(argument);
    scoped__uncancelled_end(section);
    return rc;
}

/* ---- calls that run ---- */

static bool is_consumed(procspawn_handle *handle)
{
    return handle->kind->answered(handle, 0) == 0 &&
           handle->outcome.state == PROCSPAWN__CONSUMED;
}

/* A call of a pool has no place: its pool bounds it. */
static int add(procspawn_set *set, procspawn_handle *handle, void *tag)
{
    if (is_consumed(handle))
        return -EINVAL;
    struct procspawn__member *member = member_new(set, tag);
    if (!member)
        return -ENOMEM;
    procspawn__set_enter(set);
    procspawn__set_join(member, handle->kind->listen ? NULL : &set->processes);
    procspawn__set_started(member, handle);
    procspawn__inbox_ring(&set->inbox);
    procspawn__set_leave(set);
    return 0;
}

int procspawn_set_add(procspawn_set *set, procspawn_handle *handle, void *tag)
{
    if (!procspawn__set_is_ours(set) || handle->owner != base__process())
        return PROCSPAWN_ENOTOWNER;
    struct wait section = scoped__uncancelled_begin();
    int rc = add(set, handle, tag);
    scoped__uncancelled_end(section);
    return rc;
}
