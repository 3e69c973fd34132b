/*
 * wait_points.c - the public waits: for a descriptor, for a time, for a checkpoint
 */
#include "src/scope/wait_points.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/scope/cancel.h"
#include "src/scope/current.h"
#include "src/scope/wait.h"

#include <errno.h>
#include <poll.h>

int scoped_checkpoint(void)
{
    struct node *task = scoped__activation()->node;
    if (task == NULL || !scoped__node_asked(task))
        return 0;
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, scoped__wait_cancelled(wait) ? -ECANCELED : 0);
}

/*
 * The task is cancelled, so its cancel descriptor is readable already; poll must ignore it until
 * the shield ends. Returns the time until which to sleep: the end of the shield if that is before
 * the deadline.
 */
static int64_t mute_cancel_fd(struct node *task, struct pollfd *polled, int64_t deadline)
{
    polled->fd = -1;
    scoped__lock(task->tree);
    scoped__cancel_reevaluate(task);
    int64_t until = task->shield_ends > 0 && task->shield_ends < deadline ? task->shield_ends
                                                                          : deadline;
    scoped__unlock(task->tree);
    return until;
}

/*
 * Adds the task's cancel descriptor to the poll, and lowers *until if needed. The program may close
 * that descriptor; then a cancel is not reported. So the wait looks at it at intervals, which grow.
 */
static int watch_cancel_fd(struct node *task, struct pollfd *polled, int64_t look_again_in,
                           int64_t *until)
{
    int error = scoped__cancel_fd(task, &polled->fd);
    int64_t look_at = base__deadline(look_again_in);
    if (error < 0)
        return error;
    if (scoped__node_cancelled(task))
        *until = mute_cancel_fd(task, polled, *until);
    else if (look_at < *until)
        *until = look_at;
    return 0;
}

static int wait_fd(struct wait wait, int fd, short events, int64_t deadline)
{
    static const int64_t longest = 10 * BASE_SECOND;
    struct pollfd polled[] = { { .fd = fd, .events = events }, { .fd = -1, .events = POLLIN } };
    int64_t look_again_in = BASE_SECOND;
    int error = 0;
    if (fd < 0)
        return -EBADF;
    while (error == 0) {
        int64_t until = deadline;
        if (wait.task != NULL)
            error = watch_cancel_fd(wait.task, &polled[1], look_again_in, &until);
        if (error < 0)
            return error;
        if (scoped__wait_cancelled(wait))
            return -ECANCELED;
        int ready = poll(polled, 2, base__poll_timeout(until));
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready > 0 && (polled[0].revents & POLLNVAL) != 0)
            return -EBADF;
        if (ready == 0 && look_again_in < longest)
            look_again_in *= 2;
        if (ready > 0 && polled[0].revents != 0)
            return 0;
        if (base__now() >= deadline)
            error = -ETIMEDOUT;
    }
    return error;
}

int scoped_wait_fd_until(int fd, short events, int64_t until)
{
    if (base__is_length(until))
        return -EINVAL;
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, wait_fd(wait, fd, events, until));
}

int scoped__wait_fd(int fd, short events, int64_t deadline)
{
    if (scoped__activation()->node == NULL)
        return wait_fd(SCOPED_UNCANCELLED, fd, events, deadline);
    return scoped_wait_fd_until(fd, events, deadline);
}

int scoped__wait_event(int event, int64_t deadline)
{
    static const int64_t look_again_in = BASE_SECOND, pause = BASE_SECOND / 50;
    bool ours = base__fd_is_ours(event);
    int64_t until = base__deadline(ours ? look_again_in : pause);
    if (deadline < until)
        until = deadline;
    int error = ours ? scoped__wait_fd(event, POLLIN, until) : scoped_sleep_until(until);
    return error == -ETIMEDOUT ? 0 : error;
}

int scoped_sleep_until(int64_t until)
{
    if (base__is_length(until))
        return -EINVAL;
    struct wait wait = scoped__wait_begin();
    struct waiter *waiter = base__waiter_new();
    int error;
    do
        error = scoped__wait_parked(wait, waiter, until);
    while (error == 0);
    base__waiter_free(waiter);
    return scoped__wait_end(wait, error == -ETIMEDOUT ? 0 : error);
}

int scoped_sleep(int64_t length)
{
    return scoped_sleep_until(forkscope_after(length));
}
