#include "src/scope/wait.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/cancel.h"
#include "src/scope/frame.h"

#include <errno.h>
#include <poll.h>

struct wait scoped__wait_begin(void)
{
    struct wait wait = { scoped__frame()->node, base__cancelable(false) };
    if (wait.task == NULL || wait.task->state != NODE_RUNNING ||
        (wait.task->mode == CANCEL_FORCED && !wait.was_on))
        wait.task = NULL;
    return wait;
}

int scoped__wait_end(struct wait wait, int error)
{
    if (error == -ECANCELED && wait.task != NULL && wait.task->mode == CANCEL_FORCED)
        pthread_exit(PTHREAD_CANCELED);
    base__cancelable(wait.was_on);
    return error;
}

int scoped__wait_parked(struct wait wait, struct waiter *waiter, int64_t deadline)
{
    if (wait.task == NULL)
        return scoped__park(waiter, deadline);
    struct tree *tree = wait.task->tree;
    scoped__lock(tree);
    bool cancelled = wait.task->cancelled;
    wait.task->parked = waiter;
    scoped__unlock(tree);

    int error = cancelled ? -ECANCELED : scoped__park(waiter, deadline);

    scoped__lock(tree);
    wait.task->parked = NULL;
    if (wait.task->cancelled)
        error = -ECANCELED;
    scoped__unlock(tree);
    return error;
}

int scoped_checkpoint(void)
{
    struct node *task = scoped__frame()->node;
    if (task == NULL || !task->cancelled)
        return 0;
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, wait.task == NULL ? 0 : -ECANCELED);
}

static int wait_fd(struct wait wait, int fd, short events, int64_t deadline)
{
    struct pollfd polled[] = { { .fd = fd, .events = events }, { .fd = -1, .events = POLLIN } };
    if (wait.task != NULL) {
        if (wait.task->cancelled)
            return -ECANCELED;
        int error = scoped__cancel_fd(wait.task, &polled[1].fd);
        if (error < 0)
            return error;
    }
    int ready;
    do
        ready = poll(polled, 2, base__poll_timeout(deadline));
    while ((ready < 0 && errno == EINTR) || (ready == 0 && base__now() < deadline));
    if (ready < 0)
        return -errno;
    if (polled[1].revents != 0)
        return -ECANCELED;
    return ready == 0 ? -ETIMEDOUT : 0;
}

int scoped_wait_fd(int fd, short events, int64_t deadline)
{
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, wait_fd(wait, fd, events, deadline));
}

int scoped__wait_fd(int fd, short events, int64_t deadline)
{
    if (scoped__frame()->node == NULL)
        return wait_fd(SCOPED_UNCANCELLED, fd, events, deadline);
    return scoped_wait_fd(fd, events, deadline);
}

int scoped_sleep_until(int64_t deadline)
{
    struct wait wait = scoped__wait_begin();
    struct waiter *waiter = scoped__waiter_new();
    int error;
    do
        error = scoped__wait_parked(wait, waiter, deadline);
    while (error == 0);
    scoped__waiter_free(waiter);
    return scoped__wait_end(wait, error == -ETIMEDOUT ? 0 : error);
}

int64_t scoped_deadline_in(int64_t nanoseconds)
{
    return base__deadline(nanoseconds < 0 ? 0 : nanoseconds);
}
