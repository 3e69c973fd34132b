/*
 * signals.c - the public calls of cancel senders and done receivers
 */
#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/cancel.h"
#include "src/scope/cancel_tree.h"
#include "src/scope/current.h"
#include "src/scope/event.h"
#include "src/scope/queued.h"
#include "src/scope/spawner.h"
#include "src/scope/timer_thread.h"
#include "src/scope/wait_gone.h"

#include <errno.h>

void scoped_cancel_sender_free(struct scoped_cancel_sender *sender)
{
    struct node *node = (struct node *)sender;
    if (node == NULL || !scoped__node_here(node))
        return;
    struct tree *tree = node->tree;
    scoped__lock(tree);
    scoped__cancel_unended(node);
    scoped__node_unref(node);
    scoped__unlock(tree);
}

void scoped_cancel_sender_forget(struct scoped_cancel_sender *sender)
{
    struct node *node = (struct node *)sender;
    if (node != NULL && scoped__node_here(node))
        scoped__node_release(node);
}

void scoped_done_receiver_free(struct scoped_done_receiver *receiver)
{
    struct node *node = (struct node *)receiver;
    if (node != NULL && scoped__node_here(node))
        scoped__node_release(node);
}

static bool is_gone(struct node *node)
{
    if (atomic_load_explicit(&node->state, memory_order_acquire) != NODE_GONE)
        return false;
    base__ordered_after(&node->state);
    return true;
}

static bool is_above(const struct node *node, const struct node *below)
{
    while (below != NULL && below != node)
        below = below->parent;
    return below != NULL;
}

/*
 * Whether the node cannot end before the caller: the caller runs below it, or on top of it or of
 * one of its descendants on this stack.
 */
static bool runs_below(const struct node *node)
{
    const struct activation *activation = scoped__activation();
    while (activation != NULL && !is_above(node, activation->node))
        activation = activation->outer;
    return activation != NULL;
}

int scoped_done_receiver_wait_until(struct scoped_done_receiver *receiver, int64_t until)
{
    struct node *node = (struct node *)receiver;
    if (base__is_length(until))
        return -EINVAL;
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    if (runs_below(node))
        return -EDEADLK;
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, scoped__wait_gone(wait, node, until));
}

int scoped_done_receiver_wait(struct scoped_done_receiver *receiver)
{
    return scoped_done_receiver_wait_until(receiver, SCOPED_FOREVER);
}

int scoped_done_receiver_poll(struct scoped_done_receiver *receiver)
{
    struct node *node = (struct node *)receiver;
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    if (runs_below(node))
        return -EAGAIN;
    struct wait wait = scoped__wait_begin_uncancelled();
    int error = scoped__wait_end(wait, scoped__wait_gone(wait, node, 0));
    return error == -ETIMEDOUT ? -EAGAIN : error;
}

/*
 * Locked on entry and return, unlocked while it waits: gives the executor time until
 * `executor_deadline`, then runs the node here.
 */
static int wait_for_executor(struct wait wait, struct node *node, int64_t executor_deadline,
                             int64_t deadline) REQUIRES(tree_lock)
{
    if (base__now() >= executor_deadline)
        return scoped__queued_run(wait, node);
    int error = scoped__wait_told(wait, node,
                                  executor_deadline < deadline ? executor_deadline : deadline);
    return error == -ETIMEDOUT && base__now() < deadline ? 0 : error;
}

/*
 * Waits for scoped_notify_started. A task that calls it often runs on for long afterwards, and a
 * waiter that runs it itself would return late. So the executor has a tenth of a second to start it
 * first.
 */
static int wait_started(struct wait wait, struct node *node, int64_t deadline)
{
    int64_t executor_deadline = base__deadline(BASE_SECOND / 10);
    bool own = scoped__owns(scoped__activation(), node);
    int error = scoped__wait_cancelled(wait) ? -ECANCELED : 0;
    scoped__lock(node->tree);
    while (error == 0 && !node->started && node->state < NODE_DONE) {
        if (own && scoped__queued_runs(node, deadline))
            error = wait_for_executor(wait, node, executor_deadline, deadline);
        else
            error = scoped__wait_told(wait, node, deadline);
    }
    if (node->started)
        error = 0;
    else if (error == 0)
        error = SCOPED_ENOTSTARTED;
    scoped__unlock(node->tree);
    return error;
}

int scoped_done_receiver_wait_started_until(struct scoped_done_receiver *receiver, int64_t until)
{
    struct node *node = (struct node *)receiver;
    if (base__is_length(until))
        return -EINVAL;
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    if (runs_below(node))
        return -EDEADLK;
    struct wait wait = scoped__wait_begin();
    return scoped__wait_end(wait, wait_started(wait, node, until));
}

/*
 * Creates the descriptor. A task that is done or gone already does not raise it itself, so it is
 * handed to the timer thread, or raised here.
 */
int scoped_done_receiver_fd(struct scoped_done_receiver *receiver, int *ret_fd)
{
    struct node *node = (struct node *)receiver;
    struct tree *tree = node->tree;
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    int error = is_gone(node) ? 0 : scoped__timer_thread_start(tree);
    if (error < 0)
        return error;
    error = scoped__node_event(node, &node->done_fd, ret_fd);
    scoped__lock(tree);
    if (error == 0 && scoped__node_finished(node))
        scoped__join_later(node);
    if (error == 0 && node->state == NODE_GONE)
        scoped__event_raise(node->done_fd);
    scoped__unlock(tree);
    return error;
}

int scoped_done_receiver_status(struct scoped_done_receiver *receiver, int *ret_status)
{
    struct node *node = (struct node *)receiver;
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    if (!is_gone(node))
        return -EAGAIN;
    *ret_status = node->status;
    return 0;
}

int scoped_done_receiver_result(struct scoped_done_receiver *receiver, void **ret_value)
{
    struct node *node = (struct node *)receiver;
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    if (!is_gone(node))
        return -EAGAIN;
    *ret_value = node->value;
    return 0;
}

int scoped_cancel_sender_new(scoped_spawner spawner, struct scoped_cancel_sender **ret_sender)
{
    struct node *node;
    int error = scoped__owned(spawner, &node);
    if (error < 0)
        return error;
    scoped__lock(node->tree);
    node->references++;
    scoped__unlock(node->tree);
    *ret_sender = (struct scoped_cancel_sender *)node;
    return 0;
}
