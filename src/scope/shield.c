#include "src/scope/cancel.h"
#include "src/scope/frame.h"
#include "src/scope/keeper.h"
#include "src/scope/wait.h"

#include <errno.h>

/*
 * A cancel that came before the shield has had its effect: scoped_checkpoint does not return then.
 */
int scoped_shield_begin(int64_t deadline, struct scoped_shield *ret_shield)
{
    struct node *task = scoped__frame()->node;
    if (task == NULL)
        return -EPERM;
    if (deadline == SCOPED_FOREVER)
        return -EINVAL;
    int error = scoped__keeper_start(task->tree);
    if (error < 0)
        return error;
    error = scoped_checkpoint();
    if (error < 0)
        return error;
    scoped__lock(task->tree);
    int64_t outer = task->shield_ends;
    if (outer == 0 || deadline < outer)
        task->shield_ends = deadline > 0 ? deadline : 1;
    scoped__unlock(task->tree);
    ret_shield->outer = outer;
    return 0;
}

int scoped_shield_end(struct scoped_shield *shield)
{
    struct node *task = scoped__frame()->node;
    if (task == NULL)
        return -EPERM;
    scoped__lock(task->tree);
    task->shield_ends = shield->outer;
    scoped__cancel_press(task);
    scoped__unlock(task->tree);
    return scoped_checkpoint();
}
