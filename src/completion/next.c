/*
 * next.c - procspawn_set_next: waits for the next end, and gives the result
 */
#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/calls/finish.h"
#include "src/completion/member.h"
#include "src/completion/start.h"
#include "src/completion/state.h"
#include "src/completion/turn.h"
#include "src/completion/watch.h"
#include "src/error/error.h"
#include "src/scope/wait.h"
#include "src/scope/wait_points.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static struct procspawn__member *first_ended(const procspawn_set *set) REQUIRES(set_lock)
{
    return list_empty(&set->ended)
               ? NULL : list_entry(set->ended.next, struct procspawn__member, in_list);
}

/* Without memory the result stays where it is. */
static int decode(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn_set *set = member->set;

    if (!member->handle || member->error)
        return 0;
    procspawn__set_leave(set);
    int rc = procspawn__outcome_decode(&member->handle->outcome, BASE_NEVER);
    procspawn__set_enter(set);
    return rc;
}

/* An error that the set has made counts more than what its handle has. */
static void fill(struct procspawn_result *result, struct procspawn__member *member)
{
    if (member->handle && !member->error) {
        procspawn_finish(member->handle, -1, result);
        member->handle = NULL;
    } else {
        procspawn__result_fail(result, member->error ? member->error
                                                     : procspawn__error_of_code(-ENOMEM));
        member->error = NULL;
    }
    result->tag = member->tag;
}

/* Its place is free now: another call is started before the program works on the result. */
static int give(struct procspawn__member *member, struct procspawn_result *ret_result)
    REQUIRES(set_lock)
{
    procspawn_set *set = member->set;
    int rc = decode(member);

    if (rc < 0)
        return rc;
    procspawn__set_part(member);
    procspawn__set_start_all(set);
    procspawn__set_leave(set);
    fill(ret_result, member);
    procspawn__member_free(member);
    procspawn__set_enter(set);
    return 0;
}

/* 0; -EAGAIN: it has to be waited; or what procspawn_set_next() returns. */
static int look(procspawn_set *set, struct procspawn_result *ret_result)
{
    int rc = procspawn__watch_open(set);

    if (rc < 0)
        return rc;
    procspawn__set_enter(set);
    if (!first_ended(set))
        procspawn__turn(set);
    struct procspawn__member *member = first_ended(set);
    if (member)
        rc = give(member, ret_result);
    else
        rc = set->count == 0 ? -ENODATA : -EAGAIN;
    procspawn__turn_rest(set);
    procspawn__set_leave(set);
    return rc;
}

/* Nothing is cut short but the wait, so that nothing is lost. */
static int look_uncancelled(procspawn_set *set, struct procspawn_result *ret_result)
{
    struct wait section = scoped__uncancelled_begin();
    int rc = look(set, ret_result);

    scoped__uncancelled_end(section);
    return rc;
}

/* A program that closes all descriptors does not wake a thread that sleeps on one of them. So each
 * wait is limited, and the descriptors are checked after it. */
static int wait_for_news(procspawn_set *set, int64_t deadline)
{
    int64_t check_at = base__deadline(BASE_SECOND);
    int rc = scoped__wait_fd(set->epoll, POLLIN, check_at < deadline ? check_at : deadline);

    if (rc != -ETIMEDOUT)
        return rc == -EBADF ? 0 : rc;
    procspawn__set_enter(set);
    procspawn__turn_look_for_closed(set);
    procspawn__set_leave(set);
    return 0;
}

int procspawn_set_next_timeout(procspawn_set *set, int64_t timeout,
                               struct procspawn_result *ret_result)
{
    int64_t deadline = base__deadline(timeout);

    if (!procspawn__set_is_ours(set))
        return PROCSPAWN_ENOTOWNER;
    for (;;) {
        int rc = look_uncancelled(set, ret_result);
        if (rc != -EAGAIN)
            return rc;
        if (base__now() >= deadline)
            return -ETIMEDOUT;
        rc = wait_for_news(set, deadline);
        if (rc < 0)
            return rc;
    }
}

int procspawn_set_next(procspawn_set *set, struct procspawn_result *ret_result)
{
    return procspawn_set_next_timeout(set, -1, ret_result);
}
