/*
 * wait.c - waits as cancellation points: their begin, their end, and the sleep between
 */
#include "src/scope/wait.h"

#include "src/base/thread.h"
#include "src/scope/current.h"

#include <errno.h>

/* Switches cancellation off. Returns the task if it may be cancelled here. */
static struct wait begin(void)
{
    const struct activation *activation = scoped__activation();
    struct wait wait = { activation->node, base__cancelable(false) };
    if (wait.task == NULL || wait.task->state != NODE_RUNNING || activation->held > 0 ||
        (wait.task->mode == SCOPED_CANCEL_FORCED && !wait.was_on))
        wait.task = NULL;
    return wait;
}

struct wait scoped__wait_begin(void)
{
    struct wait wait = begin();
    if (wait.task != NULL && scoped__node_forced(wait.task)) {
        base__unwind();
        wait.task = NULL;
    }
    return wait;
}

struct wait scoped__wait_begin_uncancelled(void)
{
    return (struct wait){ NULL, base__cancelable(false) };
}

struct wait scoped__uncancelled_begin(void)
{
    struct wait section = begin();
    scoped__activation()->held++;
    return section;
}

void scoped__uncancelled_end(struct wait section)
{
    scoped__activation()->held--;
    base__cancelable(section.was_on);
}

bool scoped__wait_cancelled(struct wait wait)
{
    return wait.task != NULL && scoped__node_asked(wait.task);
}

int scoped__wait_end(struct wait wait, int error)
{
    if (error == -ECANCELED && wait.task != NULL && scoped__node_forced(wait.task))
        base__unwind();
    base__cancelable(wait.was_on);
    return error;
}

int scoped__wait_parked(struct wait wait, struct waiter *waiter, int64_t deadline)
{
    if (wait.task == NULL)
        return base__park(waiter, deadline);
    struct tree *tree = wait.task->tree;
    scoped__lock(tree);
    bool cancelled = scoped__wait_cancelled(wait);
    wait.task->blocked_in = waiter;
    scoped__unlock(tree);

    int error = cancelled ? -ECANCELED : base__park(waiter, deadline);

    scoped__lock(tree);
    wait.task->blocked_in = NULL;
    if (scoped__wait_cancelled(wait))
        error = -ECANCELED;
    scoped__unlock(tree);
    return error;
}
