#include "src/scope/join.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/task.h"

#include <errno.h>

static struct node *first_child(struct node *node)
{
    return list_empty(&node->children) ? NULL
                                       : list_entry(node->children.next, struct node, sibling);
}

static void claim(struct node *node)
{
    node->claimed = true;
    scoped__place_taken(node);
}

/*
 * Somebody has to join it now: whoever waits for it, or for all its siblings, or the next that
 * finishes.
 */
static void tell_joinable(struct node *node)
{
    scoped__place_waitable(node);
    if (node->state != NODE_DONE)
        return;
    scoped__wake_all(node->tree, &node->waiters);
    scoped__wake(node->tree, node->parent->watcher);
}

void scoped__set_gone(struct node *node)
{
    struct node *parent = node->parent;
    scoped__node_enter(node, NODE_GONE);
    list_remove(&node->sibling);
    scoped__wake_all(node->tree, &node->waiters);
    if (list_empty(&parent->children))
        scoped__wake(node->tree, parent->watcher);
    scoped__node_unref(node);
}

static void give_back(struct node *node)
{
    node->claimed = false;
    tell_joinable(node);
}

static void unwound_in_join(void *arg)
{
    struct node *node = arg;
    base__stack_unwound();
    scoped__lock(node->tree);
    give_back(node);
    scoped__unlock(node->tree);
}

/*
 * Locked, but not while it joins. A cancelled pthread_join has joined nothing and can be repeated.
 */
static int join(struct wait wait, struct node *node, int64_t deadline)
{
    struct tree *tree = node->tree;
    pthread_t thread = node->thread;
    int error;
    claim(node);
    scoped__unlock(tree);
    pthread_cleanup_push(unwound_in_join, node);
    base__cancelable(wait.task != NULL && BASE_JOIN_CANCELABLE);
    error = base__join(thread, deadline);
    base__cancelable(false);
    pthread_cleanup_pop(0);
    scoped__lock(tree);
    if (error == 0)
        scoped__set_gone(node);
    else
        give_back(node);
    return error;
}

/* A thread that nothing but pthread_cancel can cancel may sleep in pthread_join. */
static bool may_join(struct wait wait, const struct node *node)
{
    if (!node->joinable || node->claimed)
        return false;
    return node->state == NODE_DONE || wait.task == NULL ||
           (wait.task->mode == CANCEL_FORCED && BASE_JOIN_CANCELABLE);
}

/* A child that has not been cancelled might run for longer than a deadline allows. */
static bool may_run(const struct node *node, int64_t deadline)
{
    return !node->claimed && node->mode == CANCEL_ASKED && node->state == NODE_QUEUED &&
           node->kind != NODE_SCOPE && (deadline == BASE_NEVER || node->cancelled);
}

static void run_here(struct node *node)
{
    struct tree *tree = node->tree;
    claim(node);
    scoped__unlock(tree);
    scoped__task_run(node);
    scoped__lock(tree);
}

static bool is_mine(const struct node *node)
{
    struct frame *frame = scoped__frame();
    if (node->parent == frame->node)
        return true;
    const struct node *opened = frame->opened;
    while (opened != NULL && opened != node->parent)
        opened = opened->opened_before;
    return opened != NULL;
}

static int wait_told(struct wait wait, struct node *node, int64_t deadline)
{
    struct waiter *waiter = scoped__waiter_new();
    if (waiter != NULL)
        list_append(&node->waiters, &waiter->link);
    scoped__unlock(node->tree);
    int error = scoped__wait_parked(wait, waiter, deadline);
    scoped__lock(node->tree);
    if (waiter != NULL)
        list_remove(&waiter->link);
    scoped__waiter_free(waiter);
    return error;
}

int scoped__wait_gone(struct wait wait, struct node *node, int64_t deadline)
{
    struct tree *tree = node->tree;
    int error = wait.task != NULL && wait.task->cancelled ? -ECANCELED : 0;
    scoped__lock(tree);
    while (error == 0 && node->state != NODE_GONE) {
        if (may_join(wait, node))
            error = join(wait, node, deadline);
        else if (may_run(node, deadline) && is_mine(node))
            run_here(node);
        else
            error = wait_told(wait, node, deadline);
    }
    if (error == -ETIMEDOUT && node->state == NODE_GONE)
        error = 0;
    scoped__unlock(tree);
    return error;
}

static int watch(struct wait wait, struct node *node, int64_t deadline)
{
    struct waiter *waiter = scoped__waiter_new();
    node->watcher = waiter;
    scoped__unlock(node->tree);
    int error = scoped__wait_parked(wait, waiter, deadline);
    scoped__lock(node->tree);
    node->watcher = NULL;
    scoped__waiter_free(waiter);
    return error;
}

int scoped__wait_children(struct wait wait, struct node *node, int64_t deadline)
{
    int error = wait.task != NULL && wait.task->cancelled ? -ECANCELED : 0;
    scoped__lock(node->tree);
    struct node *child;
    while (error == 0 && (child = first_child(node)) != NULL) {
        if (may_join(wait, child))
            error = join(wait, child, deadline);
        else if (may_run(child, deadline))
            run_here(child);
        else
            error = watch(wait, node, deadline);
    }
    scoped__unlock(node->tree);
    return error;
}

/* Whoever finishes joins those that finished before and that nobody waits for. */
static void relay(struct node *node)
{
    struct node *before;
    while (!node->claimed && (before = first_child(node->parent)) != NULL &&
           before->state == NODE_DONE && !before->claimed)
        join(SCOPED_UNCANCELLED, before, BASE_NEVER);
}

void scoped__tell_done(struct node *node, int status)
{
    struct tree *tree = node->tree;
    scoped__lock(tree);
    node->status = status;
    if (node->own_thread) {
        relay(node);
        scoped__node_enter(node, NODE_DONE);
        if (!node->claimed)
            tell_joinable(node);
    } else {
        scoped__set_gone(node);
    }
    scoped__unlock(tree);
}
