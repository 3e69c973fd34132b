/*
 * join.c - from done to gone: claims and makes joins
 */
#include "src/scope/join.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/event.h"
#include "src/scope/timer_thread.h"

#include <errno.h>

void scoped__join_claim(struct node *node)
{
    scoped__node_join(node, JOIN_EV_CLAIM);
    scoped__node_place(node);
}

/* A task that is done makes room when it is joined. Who polls a descriptor does not join it. */
static bool shows_room(struct node *parent) REQUIRES(tree_lock)
{
    return parent->kind == NODE_SCOPE && scoped__scope(parent)->room_fd >= 0;
}

void scoped__tell_joinable(struct node *node)
{
    scoped__node_place(node);
    if (node->state != NODE_DONE)
        return;
    scoped__wake_all(node->tree, &node->waiters);
    scoped__wake(node->tree, node->parent->owner_waiter);
    if (node->done_fd >= 0 || shows_room(node->parent))
        scoped__join_later(node);
}

/*
 * Takes the node out of its parent. The owner sleeps until the last child is gone or, in a scope
 * with a limit, until one is.
 */
static void leave(struct node *parent, struct node *node) REQUIRES(tree_lock)
{
    bool limited = parent->kind == NODE_SCOPE && scoped__scope(parent)->limit > 0;
    scoped__node_unlink(node);
    if (parent->child_count == 0 || limited)
        scoped__wake(parent->tree, parent->owner_waiter);
}

void scoped__set_gone(struct node *node)
{
    struct node *parent = node->parent;
    scoped__node_enter(node, NODE_GONE);
    scoped__timer_clear(node);
    scoped__event_raise(node->done_fd);
    if (node->kind != NODE_RAW)
        scoped__event_close(&node->cancel_fd);
    if (node->kind == NODE_SCOPE)
        scoped__event_close(&scoped__scope(node)->room_fd);
    scoped__wake_all(node->tree, &node->waiters);
    if (parent != NULL)
        leave(parent, node);
    scoped__node_unref(node);
}

void scoped__join_give_back(struct node *node)
{
    scoped__node_join(node, JOIN_EV_GIVE_BACK);
    scoped__tell_joinable(node);
}

static void unwound_in_join(void *arg)
{
    struct node *node = arg;
    base__stack_unwound();
    scoped__lock(node->tree);
    scoped__join_give_back(node);
    scoped__unlock(node->tree);
}

/* A pthread_join that was cancelled has joined nothing and can be repeated. */
int scoped__join(struct wait wait, struct node *node, int64_t deadline)
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
    if (error < 0) {
        scoped__join_give_back(node);
        return error;
    }
    scoped__node_join(node, JOIN_EV_JOINED);
    scoped__set_gone(node);
    return 0;
}

bool scoped__may_join(struct wait wait, const struct node *node)
{
    if (node->join != JOIN_UNCLAIMED)
        return false;
    return node->state == NODE_DONE || wait.task == NULL ||
           (wait.task->mode == SCOPED_CANCEL_FORCED && wait.task->grace == 0 &&
            base__join_cancelable());
}

/*
 * Time limit to join a thread whose task is done: it ends within microseconds, unless a
 * thread-specific destructor waits.
 */
static int64_t join_limit(void)
{
    return base__deadline(BASE_SECOND / 100);
}

int scoped__join_finished(struct node *node)
{
    if (!scoped__node_finished(node))
        return -EBUSY;
    return scoped__join(SCOPED_UNCANCELLED, node, join_limit());
}
