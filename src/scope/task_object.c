/*
 * task_object.c - the public calls of task objects
 *
 * The object is a reference to the node, as a cancel sender or a done receiver is, so it can do
 * what these do.
 */
#include "src/scope/cancel_tree.h"
#include "src/scope/node.h"

#include <errno.h>
#include <forkscope/notify.h>
#include <forkscope/task.h>

static struct scoped_done_receiver *receiver_of(struct scoped_task *task)
{
    return (struct scoped_done_receiver *)task;
}

int scoped_task_join_until(struct scoped_task *task, int64_t until, void **ret_result)
{
    struct node *node = (struct node *)task;
    int error = scoped_done_receiver_wait_until(receiver_of(task), until);
    if (error == -ETIMEDOUT || error == -ECANCELED)
        return SCOPED_ERUNNING;
    if (error < 0)
        return error;
    int status = node->status;
    if (ret_result != NULL)
        *ret_result = node->value;
    scoped__node_release(node);
    return status;
}

int scoped_task_join(struct scoped_task *task, void **ret_result)
{
    return scoped_task_join_until(task, SCOPED_FOREVER, ret_result);
}

void scoped_task_cancel(struct scoped_task *task)
{
    struct node *node = (struct node *)task;
    if (!scoped__node_here(node))
        return;
    scoped__lock(node->tree);
    scoped__cancel_unended(node);
    scoped__unlock(node->tree);
}

int scoped_task_wait_started_until(struct scoped_task *task, int64_t until)
{
    return scoped_done_receiver_wait_started_until(receiver_of(task), until);
}

int scoped_task_fd(struct scoped_task *task, int *ret_fd)
{
    return scoped_done_receiver_fd(receiver_of(task), ret_fd);
}

void scoped_task_free(struct scoped_task *task)
{
    struct node *node = (struct node *)task;
    if (node != NULL && scoped__node_here(node))
        scoped__node_release(node);
}
