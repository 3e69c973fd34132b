#include "src/scope/cancel.h"
#include "src/scope/join.h"

#include <errno.h>

void scoped_cancel_sender_free(struct scoped_cancel_sender *sender)
{
    struct node *node = (struct node *)sender;
    if (node == NULL)
        return;
    struct tree *tree = node->tree;
    scoped__lock(tree);
    if (node->state < NODE_ENDING)
        scoped__cancel(node);
    scoped__node_unref(node);
    scoped__unlock(tree);
}

void scoped_cancel_sender_forget(struct scoped_cancel_sender *sender)
{
    if (sender != NULL)
        scoped__node_release((struct node *)sender);
}

void scoped_done_receiver_free(struct scoped_done_receiver *receiver)
{
    if (receiver != NULL)
        scoped__node_release((struct node *)receiver);
}

static bool runs_below(const struct node *node)
{
    const struct node *above = scoped__frame()->node;
    while (above != NULL && above != node)
        above = above->parent;
    return above != NULL;
}

int scoped_done_receiver_wait_until(struct scoped_done_receiver *receiver, int64_t deadline)
{
    struct node *node = (struct node *)receiver;
    if (runs_below(node))
        return -EDEADLK;
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, scoped__wait_gone(wait, node, deadline));
}

int scoped_done_receiver_wait(struct scoped_done_receiver *receiver)
{
    return scoped_done_receiver_wait_until(receiver, SCOPED_FOREVER);
}

int scoped_done_receiver_poll(struct scoped_done_receiver *receiver)
{
    struct node *node = (struct node *)receiver;
    if (runs_below(node))
        return -EAGAIN;
    struct wait wait = scoped__wait_begin();
    wait.task = NULL;
    int error = scoped__wait_gone(wait, node, 0);
    scoped__wait_end(wait, 0);
    return error == -ETIMEDOUT ? -EAGAIN : error;
}

static bool is_gone(struct node *node)
{
    return atomic_load_explicit(&node->state, memory_order_acquire) == NODE_GONE;
}

int scoped_done_receiver_status(struct scoped_done_receiver *receiver, int *ret_status)
{
    struct node *node = (struct node *)receiver;
    if (!is_gone(node))
        return -EAGAIN;
    *ret_status = node->status;
    return 0;
}

int scoped_done_receiver_value(struct scoped_done_receiver *receiver, void **ret_value)
{
    struct node *node = (struct node *)receiver;
    if (!is_gone(node))
        return -EAGAIN;
    *ret_value = node->value;
    return 0;
}
