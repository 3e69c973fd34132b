/*
 * member.c - one call of a set
 */
#include "src/completion/member.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/call/handle.h"
#include "src/call/launch.h"
#include "src/error/error.h"
#include "src/pool/job.h"
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <stdbool.h>
#include <stdlib.h>

bool procspawn__member_step(struct procspawn__member *member, enum procspawn__member_event event)
{
    static const enum procspawn__member_state next[PROCSPAWN__MEMBER_STATES]
                                                  [PROCSPAWN__MEMBER_EVENTS] = {
        [PROCSPAWN__MEMBER_WAITING] = {
            [PROCSPAWN__MEMBER_BEGIN] = PROCSPAWN__MEMBER_STARTING,
            [PROCSPAWN__MEMBER_STARTED] = PROCSPAWN__MEMBER_RUNNING,
            [PROCSPAWN__MEMBER_END] = PROCSPAWN__MEMBER_ENDED,
        },
        [PROCSPAWN__MEMBER_STARTING] = {
            [PROCSPAWN__MEMBER_PUT_OFF] = PROCSPAWN__MEMBER_WAITING,
            [PROCSPAWN__MEMBER_STARTED] = PROCSPAWN__MEMBER_RUNNING,
            [PROCSPAWN__MEMBER_END] = PROCSPAWN__MEMBER_ENDED,
        },
        [PROCSPAWN__MEMBER_RUNNING] = {
            [PROCSPAWN__MEMBER_DECODE] = PROCSPAWN__MEMBER_DECODING,
            [PROCSPAWN__MEMBER_END] = PROCSPAWN__MEMBER_ENDED,
        },
        [PROCSPAWN__MEMBER_DECODING] = {
            [PROCSPAWN__MEMBER_END] = PROCSPAWN__MEMBER_ENDED,
        },
    };
    enum procspawn__member_state state = next[member->state][event];

    if (state == PROCSPAWN__MEMBER_BUG)
        return false;
    member->state = state;
    return true;
}

procspawn_error *procspawn__member_killed(void)
{
    return procspawn__error_new(PROCSPAWN_ERROR_CANCELLED, 0, "killed before it was started");
}

procspawn_error *procspawn__member_too_late(void)
{
    procspawn_error *error = procspawn__error_new(PROCSPAWN_ERROR_TIMED_OUT, 0, "the total limit "
                                                  "passed before the call was started");

    if (error)
        error->limit = PROCSPAWN_LIMIT_QUEUE;
    return error;
}

struct procspawn__member *procspawn__member_new(procspawn_set *set, void *tag)
{
    struct procspawn__member *member = calloc(1, sizeof *member);

    if (!member)
        return NULL;
    member->set = set;
    member->tag = tag;
    member->state = PROCSPAWN__MEMBER_WAITING;
    member->deadline = BASE_NEVER;
    member->watched = -1;
    list_init(&member->in_set);
    list_init(&member->in_list);
    list_init(&member->in_inbox);
    return member;
}

void procspawn__member_free(struct procspawn__member *member)
{
    if (member->pool_call)
        procspawn__pool_call_free(member->pool_call);
    procspawn__launch_free(member->launch);
    procspawn_handle_free(member->scoped);
    procspawn_handle_free(member->handle);
    procspawn_error_free(member->error);
    free(member);
}

/* The handle knows whose it is. */
void procspawn__member_forget(struct procspawn__member *member)
{
    if (member->pool_call)
        procspawn__pool_call_forget(member->pool_call);
    procspawn__launch_forget(member->launch);
    procspawn_handle_free(member->scoped);
    procspawn_handle_free(member->handle);
    procspawn_error_free(member->error);
    free(member);
}
