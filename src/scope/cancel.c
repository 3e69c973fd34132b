/*
 * cancel.c - asks one task to end, and forces it
 */
#include "src/scope/cancel.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/event.h"
#include "src/scope/timer_thread.h"

#include <errno.h>

/*
 * Passes the cancel on to the task on top of this one. Lock order: the outer tree first. The tree
 * of `led`, if another one, was opened on this stack.
 */
static void pass_on(struct node *node) REQUIRES(tree_lock)
    NO_THREAD_SAFETY_ANALYSIS("it takes the lock of a second tree")
{
    struct node *led = node->led;
    if (led == NULL)
        return;
    if (led->tree != node->tree)
        scoped__lock(led->tree);
    scoped__cancel_one(led);
    if (led->tree != node->tree)
        scoped__unlock(led->tree);
}

static void ask(struct node *node) REQUIRES(tree_lock)
{
    scoped__node_cancel(node, CANCEL_EV_ASK);
    scoped__wake(node->tree, node->blocked_in);
    pass_on(node);
}

/*
 * pthread_cancel sends a signal, which takes a place in a queue that all processes of the user
 * share (RLIMIT_SIGPENDING). It fails with EAGAIN if the queue is full. Then it is repeated every
 * 20 ms.
 */
static void again(struct node *node) REQUIRES(tree_lock)
{
    scoped__timer_thread_start_locked(node->tree);
    scoped__timer_set(node, base__deadline(BASE_SECOND / 50));
}

static void send(struct node *node) REQUIRES(tree_lock)
{
    if (pthread_cancel(node->thread) == EAGAIN)
        again(node);
    else
        scoped__node_cancel(node, CANCEL_EV_SEND);
}

static void force(struct node *node, bool defers) REQUIRES(tree_lock)
{
    scoped__node_cancel(node, CANCEL_EV_FORCE);
    scoped__wake(node->tree, node->blocked_in);
    pass_on(node);
    if (node->mode != SCOPED_CANCEL_FORCED || node->state != NODE_RUNNING ||
        node->cancel != CANCEL_FORCED)
        return;
    if (defers)
        scoped__node_cancel(node, CANCEL_EV_DEFER);
    else
        send(node);
}

static void reevaluate(struct node *node, bool defers) REQUIRES(tree_lock)
{
    if (!scoped__node_cancelled(node) || node->state >= NODE_ENDING)
        return;
    int64_t now = node->shield_ends > 0 || node->grace > 0 ? base__now() : 0;
    if (now < node->shield_ends) {
        scoped__timer_set(node, node->shield_ends);
    } else if (node->mode == SCOPED_CANCEL_ASKS) {
        ask(node);
    } else if (now < node->grace_ends) {
        ask(node);
        scoped__timer_set(node, node->grace_ends);
    } else {
        force(node, defers);
    }
}

void scoped__cancel_reevaluate(struct node *node)
{
    reevaluate(node, false);
}

static void cancel(struct node *node, bool defers) REQUIRES(tree_lock)
{
    if (!scoped__node_cancel(node, CANCEL_EV_MARK))
        return;
    scoped__event_raise(node->cancel_fd);
    if (node->kind == NODE_SCOPE)
        return;
    if (node->grace > 0)
        node->grace_ends = base__deadline(node->grace);
    reevaluate(node, defers);
}

void scoped__cancel_one(struct node *node)
{
    cancel(node, false);
}

bool scoped__cancel_deferred(struct node *node)
{
    bool first = !scoped__node_cancelled(node);
    cancel(node, node->join == JOIN_UNCLAIMED);
    return first && node->cancel == CANCEL_DEFERRED;
}

void scoped__cancel_sent(struct node *node, bool refused)
{
    scoped__node_cancel(node, refused ? CANCEL_EV_REFUSE : CANCEL_EV_SEND);
    if (refused)
        again(node);
}

void scoped__cancel_lead(struct node *leader, struct node *node)
{
    scoped__lock(leader->tree);
    leader->led = node;
    if (scoped__node_asked(leader))
        pass_on(leader);
    scoped__unlock(leader->tree);
}

int scoped__cancel_fd(struct node *node, int *ret_fd)
{
    int error = scoped__node_event(node, &node->cancel_fd, ret_fd);
    if (error == 0 && scoped__node_cancelled(node))
        scoped__event_raise(*ret_fd);
    return error;
}

bool scoped__is_cancelled(struct node *node)
{
    if (!scoped__node_cancelled(node))
        return false;
    base__ordered_after(&node->cancel);
    return true;
}
