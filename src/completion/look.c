/*
 * look.c - looks whether a call of a set has ended
 *
 * A call in a process has ended when its outcome was received and its process is gone; a call of a
 * pool when its pool says so. If the result is long it is decoded by a thread before it is given
 * out, and others overtake it meanwhile.
 *
 * A descriptor is readable without an end if other messages arrive there, if they cannot be
 * received for a shortage, or if the end of the process is told elsewhere. To watch it would wake
 * the program again and again, so the call is looked at after a pause, which doubles.
 */
#include "src/completion/look.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/shortage.h"
#include "src/base/timers.h"
#include "src/call/handle.h"
#include "src/call/outcome.h"
#include "src/completion/member.h"
#include "src/completion/state.h"
#include "src/completion/watch.h"
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

static const int64_t first_pause = BASE_SECOND / 1000, longest_pause = BASE_SECOND / 20;

void procspawn__look_soon(struct procspawn__member *member)
{
    list_remove(&member->in_list);
    list_append(&member->set->unseen, &member->in_list);
}

static void send_kill(struct procspawn__member *member)
{
    if (member->killed && member->handle->kind->try_kill(member->handle) == 0)
        member->killed = false;
}

/* 0: it has ended; else -errno: not yet, or nothing can be received now. */
static int has_ended(struct procspawn__member *member)
{
    procspawn_handle *handle = member->handle;
    int rc = handle->kind->answered(handle, 0);

    if (rc < 0 || handle->kind->listen)
        return rc;
    rc = handle->kind->gone(handle, 0, NULL);
    return rc == -ETIMEDOUT || rc == -ECANCELED || base__is_shortage(rc) ? rc : 0;
}

/* Is the descriptor quiet, so that it can be watched? */
static bool is_quiet(int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };

    return base__fd_is_ours(fd) && poll(&polled, 1, 0) == 0;
}

static void look_later(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn__unwatch_member(member);
    if (member->pause == 0)
        member->pause = first_pause;
    else if (member->pause < longest_pause)
        member->pause *= 2;
    base__timer_set(&member->set->timers, &member->timer, base__deadline(member->pause));
}

static void await_fd(struct procspawn__member *member, int fd) REQUIRES(set_lock)
{
    if (!member->killed && is_quiet(fd) && procspawn__watch_member(member, fd))
        member->pause = 0;
    else
        look_later(member);
}

/* A call of a pool that has a listener needs no descriptor. */
static void await_end(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn_handle *handle = member->handle;

    if (!handle->kind->listen)
        await_fd(member, handle->kind->fd(handle));
    else if (!handle->kind->listen(handle, &member->listener))
        procspawn__set_ended(member, NULL);
    else if (member->killed)
        look_later(member);
}

static void end(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn__unwatch_member(member);
    procspawn__set_ended(member, NULL);
}

/* The outcome is there. */
static void decode(struct procspawn__member *member) REQUIRES(set_lock)
{
    int fd = procspawn__outcome_begin_decoding(&member->handle->outcome);

    if (fd < 0) {
        end(member);
        return;
    }
    procspawn__member_step(member, PROCSPAWN__MEMBER_DECODE);
    await_fd(member, fd);
}

static void look_at_running(struct procspawn__member *member) REQUIRES(set_lock)
{
    procspawn_set *set = member->set;

    send_kill(member);
    procspawn__set_leave(set);
    int rc = has_ended(member);
    procspawn__set_enter(set);
    if (rc == 0)
        decode(member);
    else
        await_end(member);
}

static void look_at_decoding(struct procspawn__member *member) REQUIRES(set_lock)
{
    int fd = procspawn__outcome_begin_decoding(&member->handle->outcome);

    if (fd < 0 || !is_quiet(fd))
        end(member);
    else
        await_fd(member, fd);
}

void procspawn__look(struct procspawn__member *member)
{
    base__timer_clear(&member->set->timers, &member->timer);
    if (member->state == PROCSPAWN__MEMBER_RUNNING)
        look_at_running(member);
    else if (member->state == PROCSPAWN__MEMBER_DECODING)
        look_at_decoding(member);
}
