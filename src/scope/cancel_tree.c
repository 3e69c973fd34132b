/*
 * cancel_tree.c - cancels all tasks below a scope, in batches
 */
#include "src/scope/cancel_tree.h"

#include "src/scope/cancel.h"
#include "src/scope/join.h"
#include "src/scope/timer_thread.h"

#include <errno.h>

/*
 * Returns the node after `node` on a walk through the scopes below `top`. The walk does not enter
 * the children of tasks: each task cancels its own children when it ends.
 */
static struct node *next_below(struct node *top, struct node *node) REQUIRES(tree_lock)
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
 * (Threads that are not known yet or are claimed already are cancelled under the mutex.)
 */
struct batch {
    unsigned count;
    pthread_t threads[64];
    struct node *nodes[64];     /* of the same threads; the claimed join keeps them */
    bool refused[64];
};

static bool cancel_in_batch(struct batch *batch, struct node *node) REQUIRES(tree_lock)
{
    if (!scoped__cancel_deferred(node))
        return false;
    scoped__join_claim(node);
    node->claimant = batch;
    batch->threads[batch->count] = node->thread;
    batch->nodes[batch->count++] = node;
    return batch->count == sizeof batch->threads / sizeof batch->threads[0];
}

static void send_batch(struct tree *tree, struct batch *batch) REQUIRES(tree_lock)
{
    if (batch->count == 0)
        return;
    scoped__unlock(tree);
    for (unsigned i = 0; i < batch->count; i++)
        batch->refused[i] = pthread_cancel(batch->threads[i]) == EAGAIN;
    scoped__lock(tree);
    for (unsigned i = 0; i < batch->count; i++)
        scoped__cancel_sent(batch->nodes[i], batch->refused[i]);
    batch->count = 0;
}

/*
 * Fills a batch. Returns false when all nodes below `top` have been cancelled. A claimed node moves
 * to the end of its siblings.
 */
static bool fill_batch(struct batch *batch, struct node *top) REQUIRES(tree_lock)
{
    struct node *below = next_below(top, top);
    while (below != NULL) {
        struct node *next = next_below(top, below);
        if (!scoped__node_cancelled(below) && cancel_in_batch(batch, below))
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
    REQUIRES(tree_lock)
{
    struct node *below = next_below(top, top);
    while (below != NULL) {
        struct node *next = next_below(top, below);
        if (below->claimant == batch && (below->state == NODE_DONE) == finished) {
            below->claimant = NULL;
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
    if (scoped__agenda_has_timers(&tree->agenda))
        scoped__timer_thread_start_locked(tree);
    node->references++;
    while (fill_batch(&batch, node))
        send_batch(tree, &batch);
    send_batch(tree, &batch);
    give_back(&batch, node, false);
    give_back(&batch, node, true);
    scoped__node_unref(node);
}

void scoped__cancel(struct node *node)
{
    scoped__cancel_one(node);
    if (node->kind == NODE_SCOPE)
        scoped__cancel_children(node);
}

/* A scope can be cancelled until it is gone, since it may have children until then. */
void scoped__cancel_unended(struct node *node)
{
    if (node->state < (node->kind == NODE_SCOPE ? NODE_GONE : NODE_ENDING))
        scoped__cancel(node);
}
