#include "src/scope/node.h"

#include "src/scope/executor.h"
#include "src/scope/slot.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void init(struct node *node, struct tree *tree, struct node *parent, enum node_kind kind,
                 unsigned references)
{
    node->tree = tree;
    node->parent = parent;
    node->kind = kind;
    node->references = references;
    node->cancel_fd = -1;
    list_init(&node->children);
    list_init(&node->sibling);
    list_init(&node->waiters);
    atomic_init(&node->state, NODE_QUEUED);
    atomic_init(&node->cancelled, false);
}

struct node *scoped__tree_new(struct scoped_executor *executor)
{
    struct tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return NULL;
    pthread_mutex_init(&tree->mutex, NULL);
    tree->nodes = 1;
    init(&tree->root, tree, NULL, NODE_SCOPE, 1);
    tree->root.executor = executor;
    tree->root.state = NODE_RUNNING;
    return &tree->root;
}

void scoped__lock(struct tree *tree)
{
    pthread_mutex_lock(&tree->mutex);
}

void scoped__unlock(struct tree *tree)
{
    struct wakeups wakeups = scoped__wakeups_take(&tree->wakeups);
    bool last = tree->nodes == 0;
    pthread_mutex_unlock(&tree->mutex);
    scoped__wakeups_send(&wakeups);
    if (last) {
        pthread_mutex_destroy(&tree->mutex);
        free(tree);
    }
}

void scoped__wake(struct tree *tree, struct waiter *waiter)
{
    scoped__wake_later(&tree->wakeups, waiter);
}

void scoped__wake_all(struct tree *tree, struct list *waiters)
{
    for (struct list *item = waiters->next; item != waiters; item = item->next)
        scoped__wake(tree, list_entry(item, struct waiter, link));
}

struct node *scoped__node_new(struct node *parent, enum node_kind kind, unsigned references)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    init(node, parent->tree, parent, kind, references);
    node->executor = parent->executor;
    node->mode = scoped__executor_ours(node->executor) ? CANCEL_FORCED : CANCEL_ASKED;
    node->own_thread = scoped__executor_joins(node->executor);
    return node;
}

int scoped__node_name(struct node *node)
{
    return scoped__slot_take(&node->id);
}

void scoped__node_unref(struct node *node)
{
    if (--node->references > 0)
        return;
    node->tree->nodes--;
    if (node != &node->tree->root)
        free(node);
}

void scoped__node_release(struct node *node)
{
    struct tree *tree = node->tree;
    scoped__lock(tree);
    scoped__node_unref(node);
    scoped__unlock(tree);
}

void scoped__node_enter(struct node *node, enum node_state state)
{
    atomic_store_explicit(&node->state, state, memory_order_release);
}

void scoped__node_joinable(struct node *node, pthread_t thread)
{
    if (node->joinable)
        return;
    node->thread = thread;
    node->joinable = true;
}

static bool finished(const struct node *node)
{
    return node->state == NODE_DONE && !node->claimed;
}

/* At most a few are finished at a time: each that finishes takes care of those before (join.c). */
void scoped__place_waitable(struct node *node)
{
    struct list *children = &node->parent->children, *place = children;
    list_remove(&node->sibling);
    if (!finished(node)) {
        while (place->next != children && finished(list_entry(place->next, struct node, sibling)))
            place = place->next;
    }
    list_insert_after(place, &node->sibling);
}

void scoped__place_taken(struct node *node)
{
    list_remove(&node->sibling);
    list_append(&node->parent->children, &node->sibling);
}

void scoped__node_link(struct node *node)
{
    node->tree->nodes++;
    scoped__place_waitable(node);
    if (node->parent->kind == NODE_SCOPE && node->parent->cancelled)
        node->cancelled = true;
}
