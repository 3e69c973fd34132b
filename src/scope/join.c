/*
 * join.c - from done to gone: claims and makes joins, waits for one task or all children, and phase
 * 6 of a task
 */
#include "src/scope/join.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/event.h"
#include "src/scope/failure.h"
#include "src/scope/timer_thread.h"
#include "src/scope/queued.h"

#include <errno.h>

static struct node *first_child(struct node *node)
{
    return list_empty(&node->children) ? NULL
                                       : list_entry(node->children.next, struct node, sibling);
}

void scoped__join_claim(struct node *node)
{
    node->claimed = true;
    scoped__place_taken(node);
}

/*
 * The node has no joiner now. Wakes its waiters and its owner, one of which joins it. If it has a
 * done descriptor, the timer thread joins it.
 */
static void tell_joinable(struct node *node)
{
    scoped__place_waitable(node);
    if (node->state != NODE_DONE)
        return;
    scoped__wake_all(node->tree, &node->waiters);
    scoped__wake(node->tree, node->parent->watcher);
    if (node->done_fd >= 0)
        scoped__keeper_hand_over(node);
}

/*
 * Takes the node out of its parent. The owner sleeps until the last child is gone or, in a scope
 * with a limit, until one is.
 */
static void leave(struct node *parent, struct node *node)
{
    bool limited = parent->kind == NODE_SCOPE && scoped__scope(parent)->limit > 0;
    scoped__node_unlink(node);
    if (parent->child_count == 0 || limited)
        scoped__wake(parent->tree, parent->watcher);
}

void scoped__set_gone(struct node *node)
{
    struct node *parent = node->parent;
    scoped__node_enter(node, NODE_GONE);
    base__timer_clear(&node->tree->keeper.timers, &node->timer);
    scoped__event_raise(node->done_fd);
    if (node->kind != NODE_RAW)
        scoped__event_close(&node->cancel_fd);
    scoped__wake_all(node->tree, &node->waiters);
    if (parent != NULL)
        leave(parent, node);
    scoped__node_unref(node);
}

void scoped__join_give_back(struct node *node)
{
    node->claimed = false;
    tell_joinable(node);
}

static void unwound_in_join(void *arg)
{
    struct node *node = arg;
    base__stack_unwound();
    scoped__lock(node->tree);
    scoped__join_give_back(node);
    scoped__unlock(node->tree);
}

/*
 * Locked on entry and return, unlocked while it joins. A pthread_join that was cancelled has joined
 * nothing and can be repeated.
 */
static int join(struct wait wait, struct node *node, int64_t deadline)
{
    struct tree *tree = node->tree;
    pthread_t thread = node->thread;
    int error;
    scoped__join_claim(node);
    scoped__unlock(tree);
    pthread_cleanup_push(unwound_in_join, node);
    base__cancelable(wait.task != NULL && wait.task->mode == SCOPED_CANCEL_FORCED &&
                     base__join_cancelable());
    error = base__join(thread, deadline);
    base__cancelable(false);
    pthread_cleanup_pop(0);
    scoped__lock(tree);
    if (error == 0)
        scoped__set_gone(node);
    else
        scoped__join_give_back(node);
    return error;
}

/*
 * Whether the caller may join the node now. A task that is not done may take any time; a caller
 * sleeps in pthread_join for it only if nothing but pthread_cancel would cancel the caller.
 */
static bool may_join(struct wait wait, const struct node *node)
{
    if (!node->joinable || node->claimed)
        return false;
    return node->state == NODE_DONE || wait.task == NULL ||
           (wait.task->mode == SCOPED_CANCEL_FORCED && wait.task->grace == 0 &&
            base__join_cancelable());
}

int scoped__wait_told(struct wait wait, struct node *node, int64_t deadline)
{
    struct waiter *waiter = base__waiter_new();
    if (waiter != NULL)
        list_append(&node->waiters, &waiter->link);
    scoped__unlock(node->tree);
    int error = scoped__wait_parked(wait, waiter, deadline);
    scoped__lock(node->tree);
    if (waiter != NULL)
        list_remove(&waiter->link);
    base__waiter_free(waiter);
    return error;
}

int scoped__wait_gone(struct wait wait, struct node *node, int64_t deadline)
{
    struct tree *tree = node->tree;
    int error = scoped__wait_cancelled(wait) ? -ECANCELED : 0;
    scoped__lock(tree);
    while (error == 0 && node->state != NODE_GONE) {
        if (may_join(wait, node))
            error = join(wait, node, deadline);
        else if (scoped__queued_runs(node, deadline) && scoped__owns(scoped__frame(), node))
            error = scoped__queued_run(wait, node);
        else
            error = scoped__wait_told(wait, node, deadline);
    }
    if (node->state == NODE_GONE)
        error = 0;
    scoped__unlock(tree);
    return error;
}

static int watch(struct wait wait, struct node *node, int64_t deadline)
{
    struct waiter *waiter = base__waiter_new();
    node->watcher = waiter;
    scoped__unlock(node->tree);
    int error = scoped__wait_parked(wait, waiter, deadline);
    scoped__lock(node->tree);
    node->watcher = NULL;
    base__waiter_free(waiter);
    return error;
}

/*
 * Whether to join this child. If one child fewer is enough (most > 0), others may finish first, so
 * only a child that is done is joined.
 */
static bool worth_joining(struct wait wait, const struct node *child, unsigned most)
{
    return may_join(wait, child) && (most == 0 || child->state == NODE_DONE);
}

int scoped__wait_children(struct wait wait, struct node *node, unsigned most, int64_t deadline)
{
    int error = scoped__wait_cancelled(wait) ? -ECANCELED : 0;
    scoped__lock(node->tree);
    node->gathered = most == 0;
    while (error == 0 && node->child_count > most) {
        struct node *child = first_child(node);
        if (worth_joining(wait, child, most))
            error = join(wait, child, deadline);
        else if (scoped__queued_runs(child, deadline))
            error = scoped__queued_run(wait, child);
        else
            error = watch(wait, node, deadline);
    }
    node->gathered = false;
    if (node->child_count <= most)
        error = 0;
    scoped__unlock(node->tree);
    return error;
}

/*
 * Time limit to join a thread whose task is done: it ends within microseconds, unless a
 * thread-specific destructor waits.
 */
static int64_t moments(void)
{
    return base__deadline(BASE_SECOND / 100);
}

/* A task that finishes joins the finished siblings that no other thread joins. */
static void relay(struct node *node)
{
    int error = 0;
    while (error == 0 && !node->claimed && !node->parent->gathered) {
        struct node *before = first_child(node->parent);
        if (before->state != NODE_DONE || before->claimed)
            break;
        error = join(SCOPED_UNCANCELLED, before, moments());
    }
}

void scoped__join_finished(struct node *node)
{
    if (node->state == NODE_DONE && !node->claimed)
        join(SCOPED_UNCANCELLED, node, moments());
}

void scoped__tell_done(struct node *node, int status, struct scoped_failure *failure)
{
    struct tree *tree = node->tree;
    scoped__lock(tree);
    node->status = status;
    if (node->own_thread)
        relay(node);
    scoped__failure_judge(node, status, failure);
    if (node->own_thread) {
        scoped__node_enter(node, NODE_DONE);
        if (!node->claimed)
            tell_joinable(node);
    } else {
        scoped__set_gone(node);
    }
    scoped__unlock(tree);
}
