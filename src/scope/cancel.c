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
static void pass_on(struct node *node)
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

static void ask(struct node *node)
{
    if (node->level == LEVEL_NONE)
        node->level = LEVEL_ASKED;
    scoped__wake(node->tree, node->parked);
    pass_on(node);
}

/*
 * pthread_cancel sends a signal, which takes a place in a queue that all processes of the user
 * share (RLIMIT_SIGPENDING). It fails with EAGAIN if the queue is full. Then it is repeated every
 * 20 ms.
 */
void scoped__cancel_again(struct node *node)
{
    node->forced = false;
    scoped__timer_thread_start_locked(node->tree);
    scoped__timer_set(node, base__deadline(BASE_SECOND / 50));
}

static void force(struct node *node)
{
    node->level = LEVEL_FORCED;
    scoped__wake(node->tree, node->parked);
    pass_on(node);
    if (node->mode == SCOPED_CANCEL_FORCED && node->state == NODE_RUNNING && !node->forced) {
        node->forced = true;
        if (node->put_off == NULL && pthread_cancel(node->thread) == EAGAIN)
            scoped__cancel_again(node);
    }
}

void scoped__cancel_press(struct node *node)
{
    if (!node->cancelled || node->state >= NODE_ENDING)
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
        force(node);
    }
}

void scoped__cancel_one(struct node *node)
{
    if (node->cancelled)
        return;
    scoped__node_cancelled(node);
    scoped__event_raise(node->cancel_fd);
    if (node->kind == NODE_SCOPE)
        return;
    if (node->grace > 0)
        node->grace_ends = base__deadline(node->grace);
    scoped__cancel_press(node);
}

void scoped__cancel_lead(struct node *leader, struct node *node)
{
    scoped__lock(leader->tree);
    leader->led = node;
    if (leader->level != LEVEL_NONE)
        pass_on(leader);
    scoped__unlock(leader->tree);
}

int scoped__cancel_fd(struct node *node, int *ret_fd)
{
    int error = scoped__node_event(node, &node->cancel_fd, ret_fd);
    if (error == 0 && node->cancelled)
        scoped__event_raise(*ret_fd);
    return error;
}

bool scoped__is_cancelled(struct node *node)
{
    if (!node->cancelled)
        return false;
    base__ordered_after(&node->cancelled);
    return true;
}
