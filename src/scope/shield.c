/*
 * shield.c - shields: a task postpones its cancel for a limited time
 */
#include "src/base/clock.h"
#include "src/scope/cancel.h"
#include "src/scope/current.h"
#include "src/scope/timer_thread.h"
#include "src/scope/wait.h"

#include <errno.h>

/* Returns 0, or -ECANCELED: a cancel that came before the shield takes effect. */
static int raise_shield(struct wait wait, struct node *task, int64_t deadline, int64_t *ret_outer)
{
    scoped__lock(task->tree);
    int error = scoped__wait_cancelled(wait) ? -ECANCELED : 0;
    if (error == 0) {
        *ret_outer = task->shield_ends;
        if (*ret_outer == 0 || deadline < *ret_outer)
            task->shield_ends = deadline > 0 ? deadline : 1;
        scoped__cancel_reevaluate(task);
    }
    scoped__unlock(task->tree);
    return error;
}

int scoped_shield_begin_until(int64_t until, struct scoped_shield *ret_shield)
{
    struct node *task = scoped__activation()->node;
    if (task == NULL)
        return -EPERM;
    if (until == SCOPED_FOREVER || base__is_length(until))
        return -EINVAL;
    int error = scoped__timer_thread_start(task->tree);
    if (error < 0)
        return error;
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, raise_shield(wait, task, until, &ret_shield->outer));
}

int scoped_shield_end(struct scoped_shield *shield)
{
    struct node *task = scoped__activation()->node;
    if (task == NULL)
        return -EPERM;
    scoped__lock(task->tree);
    task->shield_ends = shield->outer;
    scoped__cancel_reevaluate(task);
    scoped__unlock(task->tree);
    return scoped_checkpoint();
}
