/*
 * cancel.c - asks tasks to end and forces them: one task, or all below a scope in batches
 */
#include "src/scope/cancel.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/event.h"
#include "src/scope/join.h"
#include "src/scope/timer_thread.h"

#include <errno.h>

static void cancel_one(struct node *node);

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
    cancel_one(led);
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
static void force_again(struct node *node)
{
    node->forced = false;
    scoped__keeper_start_locked(node->tree);
    scoped__keeper_set_timer(node, base__deadline(BASE_SECOND / 50));
}

static void force(struct node *node)
{
    node->level = LEVEL_FORCED;
    scoped__wake(node->tree, node->parked);
    pass_on(node);
    if (node->mode == SCOPED_CANCEL_FORCED && node->state == NODE_RUNNING && !node->forced) {
        node->forced = true;
        if (node->put_off == NULL && pthread_cancel(node->thread) == EAGAIN)
            force_again(node);
    }
}

void scoped__cancel_press(struct node *node)
{
    if (!node->cancelled || node->state >= NODE_ENDING)
        return;
    int64_t now = node->shield_ends > 0 || node->grace > 0 ? base__now() : 0;
    if (now < node->shield_ends) {
        scoped__keeper_set_timer(node, node->shield_ends);
    } else if (node->mode == SCOPED_CANCEL_ASKS) {
        ask(node);
    } else if (now < node->grace_ends) {
        ask(node);
        scoped__keeper_set_timer(node, node->grace_ends);
    } else {
        force(node);
    }
}

static void cancel_one(struct node *node)
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

/*
 * Returns the node after `node` on a walk through the scopes below `top`. The walk does not enter
 * the children of tasks: each task cancels its own children when it ends.
 */
static struct node *next_below(struct node *top, struct node *node)
{
    if ((node == top || node->kind == NODE_SCOPE) && !list_empty(&node->children))
        return list_entry(node->children.next, struct node, sibling);
    while (node != top && node->sibling.next == &node->parent->children)
        node = node->parent;
    return node == top ? NULL : list_entry(node->sibling.next, struct node, sibling);
}

/*
 * A thread that is cancelled locks the tree's mutex at once. If the canceller of thousands of
 * threads held it, each of them would sleep once more before its end. So pthread_cancel is called
 * with the mutex unlocked, for up to 64 threads at a time. The canceller claims their joins
 * meanwhile: a thread that has not been joined may be cancelled safely, even when it has finished.
 * (Threads that are not joinable or are claimed already are cancelled under the mutex.)
 */
struct batch {
    unsigned count;
    pthread_t threads[64];
    struct node *nodes[64];     /* of the same threads; the claimed join keeps them */
    bool refused[64];
};

static bool cancel_in_batch(struct batch *batch, struct node *node)
{
    bool can_wait = node->own_thread && node->joinable && !node->claimed;
    node->put_off = can_wait ? batch : NULL;
    cancel_one(node);
    if (!node->forced)
        node->put_off = NULL;
    if (node->put_off == NULL)
        return false;
    scoped__join_claim(node);
    batch->threads[batch->count] = node->thread;
    batch->nodes[batch->count++] = node;
    return batch->count == sizeof batch->threads / sizeof batch->threads[0];
}

static void send_batch(struct tree *tree, struct batch *batch)
{
    if (batch->count == 0)
        return;
    scoped__unlock(tree);
    for (unsigned i = 0; i < batch->count; i++)
        batch->refused[i] = pthread_cancel(batch->threads[i]) == EAGAIN;
    scoped__lock(tree);
    for (unsigned i = 0; i < batch->count; i++)
        batch->nodes[i]->refused = batch->refused[i];
    batch->count = 0;
}

/*
 * Fills a batch. Returns false when all nodes below `top` have been cancelled. A claimed node moves
 * to the end of its siblings.
 */
static bool fill_batch(struct batch *batch, struct node *top)
{
    struct node *below = next_below(top, top);
    while (below != NULL) {
        struct node *next = next_below(top, below);
        if (!below->cancelled && cancel_in_batch(batch, below))
            return true;
        below = next;
    }
    return false;
}

/*
 * Gives back the claims of the batch. Called for running nodes first, then for finished ones, so
 * that the finished ones come to lie first among their siblings.
 */
static void give_back(const struct batch *batch, struct node *top, bool finished)
{
    struct node *below = next_below(top, top);
    while (below != NULL) {
        struct node *next = next_below(top, below);
        if (below->put_off == batch && (below->state == NODE_DONE) == finished) {
            below->put_off = NULL;
            if (below->refused)
                force_again(below);
            below->refused = false;
            scoped__join_give_back(below);
        }
        below = next;
    }
}

void scoped__cancel_children(struct node *node)
{
    struct tree *tree = node->tree;
    struct batch batch;
    batch.count = 0;
    if (tree->keeper.timers.first != NULL)
        scoped__keeper_start_locked(tree);
    node->references++;
    while (fill_batch(&batch, node))
        send_batch(tree, &batch);
    send_batch(tree, &batch);
    give_back(&batch, node, false);
    give_back(&batch, node, true);
    scoped__node_unref(node);
}

void scoped__cancel_lead(struct node *leader, struct node *node)
{
    scoped__lock(leader->tree);
    leader->led = node;
    if (leader->level != LEVEL_NONE)
        pass_on(leader);
    scoped__unlock(leader->tree);
}

void scoped__cancel(struct node *node)
{
    cancel_one(node);
    if (node->kind == NODE_SCOPE)
        scoped__cancel_children(node);
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
