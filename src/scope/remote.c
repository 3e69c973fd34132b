/*
 * remote.c - raw tasks: nodes that a thread of the program runs, or ends by its done sender alone
 */
#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/cancel.h"
#include "src/scope/done.h"
#include "src/scope/failure.h"
#include "src/scope/scope.h"
#include "src/scope/task.h"
#include "src/scope/wait.h"
#include "src/scope/wait_points.h"

#include <errno.h>
#include <forkscope/remote_scope.h>
#include <poll.h>

/*
 * References of a raw task. Child: its place in the tree, held by the done sender, and the cancel
 * receiver. Parent: the cancel sender and the done receiver.
 */
enum { CHILD_REFERENCES = 2, PARENT_REFERENCES = 2 };

static int spawn_raw(scoped_spawner spawner, unsigned references, struct node **ret_node)
{
    struct node *parent;
    int error = scoped__parent_with_room(spawner, &parent);
    if (error < 0)
        return error;
    struct node *node = scoped__node_new(parent, NODE_RAW, references);
    if (node == NULL)
        return -ENOMEM;
    node->mode = SCOPED_CANCEL_ASKS;
    node->own_thread = false;
    scoped__lock(node->tree);
    scoped__node_link(node);
    scoped__unlock(node->tree);
    *ret_node = node;
    return 0;
}

static struct scoped_child_signals child_signals(struct node *node)
{
    return (struct scoped_child_signals){ (struct scoped_cancel_receiver *)node,
                                          (struct scoped_done_sender *)node };
}

int remote_spawner_spawn_raw(scoped_spawner spawner, struct scoped_child_signals *ret_child)
{
    struct node *node;
    int error = spawn_raw(spawner, CHILD_REFERENCES, &node);
    if (error == 0)
        *ret_child = child_signals(node);
    return error;
}

int remote_spawner_spawn_raw_with_signal(scoped_spawner spawner,
                                         struct scoped_parent_signals *ret_parent,
                                         struct scoped_child_signals *ret_child)
{
    struct node *node;
    int error = spawn_raw(spawner, CHILD_REFERENCES + PARENT_REFERENCES, &node);
    if (error < 0)
        return error;
    *ret_child = child_signals(node);
    ret_parent->cancel_sender = (struct scoped_cancel_sender *)node;
    ret_parent->done_receiver = (struct scoped_done_receiver *)node;
    return 0;
}

static void release_node(void *node)
{
    scoped__node_release(node);
}

/*
 * Runs the node on the calling thread. The cancel receiver's reference keeps the status readable
 * until the end. If the calling task owns the node, it passes its cancel on to it.
 */
static int run_node(struct node *node, scoped_done_function *done, void *arg)
{
    int status;
    node->done = done;
    node->arg = arg;
    struct wait section = scoped__uncancelled_begin();
    bool leads = section.task != NULL && scoped__owns(scoped__activation(), node);
    pthread_cleanup_push(release_node, node);
    scoped__task_run(node, leads ? section.task : NULL);
    status = node->status;
    pthread_cleanup_pop(1);
    scoped__uncancelled_end(section);
    return status;
}

static void end_root(void *activation)
{
    bool was_on = base__cancelable(false);
    scoped__scope_end(activation);
    base__cancelable(was_on);
}

/* A task without a parent gets a root of its own, which is closed afterwards. */
static int run_as_root(scoped_task_function *task, scoped_leaf_function *leaf, void *arg,
                       scoped_done_function *done)
{
    scoped_spawner root;
    struct scoped_child_signals signals;
    int error = scoped_spawner_open(NULL, &root);
    if (error < 0)
        return error;
    pthread_cleanup_push(end_root, scoped__activation());
    error = remote_spawner_spawn_raw(root, &signals);
    if (error == 0)
        error = task != NULL ? remote_scope_run(signals, task, arg, done)
                             : remote_scope_run_leaf(signals, leaf, arg, done);
    pthread_cleanup_pop(1);
    return error;
}

/* The task ends before it began; the signals are taken. Returns the error. */
static int refuse(struct scoped_child_signals signals, int error)
{
    scoped_done_sender_set_status(signals.done_sender, error);
    scoped_done_sender_free(signals.done_sender);
    scoped_cancel_receiver_free(signals.cancel_receiver);
    return error;
}

int remote_scope_run(struct scoped_child_signals signals, scoped_task_function *function, void *arg,
                     scoped_done_function *done)
{
    struct node *node = (struct node *)signals.done_sender;
    if (node == NULL && function == NULL)
        return -EINVAL;
    if (node == NULL)
        return run_as_root(function, NULL, arg, done);
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    int error = function != NULL ? scoped__node_take_id(node) : -EINVAL;
    if (error < 0)
        return refuse(signals, error);
    scoped__lock(node->tree);
    node->kind = NODE_TASK;
    node->function.task = function;
    scoped__unlock(node->tree);
    return run_node(node, done, arg);
}

int remote_scope_run_leaf(struct scoped_child_signals signals, scoped_leaf_function *function,
                          void *arg, scoped_done_function *done)
{
    struct node *node = (struct node *)signals.done_sender;
    if (node == NULL && function == NULL)
        return -EINVAL;
    if (node == NULL)
        return run_as_root(NULL, function, arg, done);
    if (!scoped__node_here(node))
        return PROCSPAWN_ENOTOWNER;
    if (function == NULL)
        return refuse(signals, -EINVAL);
    scoped__lock(node->tree);
    node->kind = NODE_LEAF;
    node->function.leaf = function;
    scoped__unlock(node->tree);
    return run_node(node, done, arg);
}

bool scoped_cancel_receiver_poll(struct scoped_cancel_receiver *receiver)
{
    struct node *node = (struct node *)receiver;
    return !scoped__node_here(node) || scoped__is_cancelled(node);
}

int scoped_cancel_receiver_fd(struct scoped_cancel_receiver *receiver, int *ret_fd)
{
    struct node *node = (struct node *)receiver;
    return scoped__node_here(node) ? scoped__cancel_fd(node, ret_fd) : PROCSPAWN_ENOTOWNER;
}

int scoped_cancel_receiver_wait_until(struct scoped_cancel_receiver *receiver, int64_t until)
{
    int fd;
    if (base__is_length(until))
        return -EINVAL;
    int error = scoped_cancel_receiver_fd(receiver, &fd);
    return error < 0 ? error : scoped__wait_fd(fd, POLLIN, until);
}

int scoped_cancel_receiver_wait(struct scoped_cancel_receiver *receiver)
{
    return scoped_cancel_receiver_wait_until(receiver, SCOPED_FOREVER);
}

void scoped_cancel_receiver_free(struct scoped_cancel_receiver *receiver)
{
    struct node *node = (struct node *)receiver;
    if (node != NULL && scoped__node_here(node))
        scoped__node_release(node);
}

void scoped_done_sender_set_status(struct scoped_done_sender *sender, int status)
{
    struct node *node = (struct node *)sender;

    if (node)
        node->status = status;
}

void scoped_done_sender_free(struct scoped_done_sender *sender)
{
    struct node *node = (struct node *)sender;
    if (node == NULL || !scoped__node_here(node))
        return;
    struct wait section = scoped__uncancelled_begin();
    scoped__lock(node->tree);
    scoped__node_enter(node, NODE_ENDING);
    scoped__unlock(node->tree);
    int status = scoped__end_status(node, node->status);
    scoped__tell_done(node, status, scoped__failure_new(node, status));
    scoped__uncancelled_end(section);
}
