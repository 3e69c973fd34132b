/*
 * node.c - nodes and trees: creation, references, places among siblings, changes of state; and the
 * tree's lock
 */
#include "src/scope/node.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/process.h"
#include "src/base/thread.h"
#include "src/executor/executor.h"
#include "src/executor/thread.h"
#include "src/executor/thread_state.h"
#include "src/scope/event.h"
#include "src/scope/spawner_id.h"

#include <errno.h>
#include <stdlib.h>

static void init(struct node *node, struct tree *tree, struct node *parent, enum node_kind kind,
                 unsigned references) NO_THREAD_SAFETY_ANALYSIS("no other thread knows the node")
{
    node->tree = tree;
    node->parent = parent;
    node->kind = kind;
    node->references = references;
    node->cancel_fd = node->done_fd = -1;
    list_init(&node->children);
    list_init(&node->sibling);
    list_init(&node->waiters);
    if (kind == NODE_SCOPE)
        scoped__scope(node)->room_fd = -1;
    scoped__agenda_entry_init(&node->agenda);
    atomic_init(&node->state, NODE_QUEUED);
    atomic_init(&node->cancel, CANCEL_NONE);
    node->join = kind == NODE_SCOPE || kind == NODE_RAW ? JOIN_NEVER : JOIN_UNSTARTED;
}

/* Copies what a node inherits from its parent; options may replace it. */
static void inherit(struct node *node, const struct node *parent)
{
    node->executor = parent->executor;
    node->child_mode = parent->child_mode;
    node->deadline = parent->deadline;
    node->grace = parent->grace;
}

void scoped__node_use(struct node *node, struct scoped_executor *executor)
{
    node->executor = executor;
    node->own_thread = executor__is_thread(executor);
    node->mode = executor__is_ours(executor) ? node->child_mode : SCOPED_CANCEL_ASKS;
}

struct node *scoped__tree_new(struct scoped_executor *executor, void *(*timer_loop)(void *tree))
    NO_THREAD_SAFETY_ANALYSIS("no other thread knows the tree")
{
    struct tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return NULL;
    tree->process = base__process();
    pthread_mutex_init(&tree->mutex, NULL);
    tree->nodes = 1;
    scoped__agenda_init(&tree->agenda, &tree->wakeups);
    tree->timer_thread.loop = timer_loop;
    struct node *root = &tree->root.node;
    init(root, tree, NULL, NODE_SCOPE, 1);
    root->child_mode = SCOPED_CANCEL_FORCED;
    root->deadline = BASE_NEVER;
    scoped__node_use(root, executor);
    tree->root.policy = &scoped_collect;
    tree->root.discards = true;
    tree->root.last_failure = &tree->root.failures;
    scoped__node_enter(root, NODE_RUNNING);
    return root;
}

bool scoped__node_here(const struct node *node)
{
    return node->tree->process == base__process();
}

void scoped__lock(struct tree *tree)
{
    pthread_mutex_lock(&tree->mutex);
}

void scoped__unlock(struct tree *tree)
{
    struct wakeups wakeups = base__wakeups_take(&tree->wakeups);
    bool last = tree->nodes == 0;
    pthread_mutex_unlock(&tree->mutex);
    base__wakeups_send(&wakeups);
    if (last) {
        pthread_mutex_destroy(&tree->mutex);
        free(tree);
    }
}

void scoped__wake(struct tree *tree, struct waiter *waiter)
{
    base__wake_later(&tree->wakeups, waiter);
}

void scoped__wake_all(struct tree *tree, struct list *waiters)
{
    for (struct list *item = waiters->next; item != waiters; item = item->next)
        scoped__wake(tree, list_entry(item, struct waiter, link));
}

struct node *scoped__node_new(struct node *parent, enum node_kind kind, unsigned references)
{
    struct node *node = calloc(1, kind == NODE_SCOPE ? sizeof(struct scope) : sizeof *node);
    if (node == NULL)
        return NULL;
    init(node, parent->tree, parent, kind, references);
    inherit(node, parent);
    scoped__node_use(node, node->executor);
    return node;
}

void scoped__node_name_thread(const struct node *node)
    NO_THREAD_SAFETY_ANALYSIS("no other thread changes the name once the task runs")
{
    if (executor__is_ours(node->executor) && node->run != NULL)
        executor__thread_rename(node->name);
}

int scoped__node_take_id(struct node *node)
{
    return scoped__spawner_id_take(&node->id);
}

void scoped__node_unref(struct node *node)
{
    if (--node->references > 0)
        return;
    node->tree->nodes--;
    scoped__event_close(&node->cancel_fd);
    scoped__event_close(&node->done_fd);
    if (node != &node->tree->root.node)
        free(node);
}

void scoped__node_release(struct node *node)
{
    struct tree *tree = node->tree;
    scoped__lock(tree);
    scoped__node_unref(node);
    scoped__unlock(tree);
}

int scoped__node_event(struct node *node, int *fd, int *ret_fd)
{
    int error = 0;
    scoped__lock(node->tree);
    int event = base__event_reopen(fd);
    if (event < 0)
        error = event;
    else
        *ret_fd = event;
    scoped__unlock(node->tree);
    return error;
}

bool scoped__node_enter(struct node *node, enum node_state state)
{
    enum node_state entered = node->state;
    if (!scoped__node_state_step(&entered, state))
        return false;
    if (entered == NODE_ENDING)
        node->was_cancelled = scoped__node_cancelled(node);
    base__ordered_before(&node->state);
    atomic_store_explicit(&node->state, entered, memory_order_release);
    return true;
}

bool scoped__node_join(struct node *node, enum join_event event)
{
    return scoped__join_state_step(&node->join, event);
}

/* What the mark of a cancel says about the node. */
static void note_cancel(struct node *node) REQUIRES(tree_lock)
{
    const struct node *parent = node->parent;
    if (parent != NULL && parent->kind == NODE_SCOPE && parent->by_deadline)
        node->by_deadline = true;
    if (node->kind == NODE_SCOPE)
        scoped__scope(node)->progress.stopped = true;
}

bool scoped__node_cancel(struct node *node, enum cancel_event event)
{
    enum cancel_state reached = node->cancel;
    if (!scoped__cancel_state_step(&reached, event))
        return false;
    base__ordered_before(&node->cancel);
    node->cancel = reached;
    if (event == CANCEL_EV_MARK)
        note_cancel(node);
    return true;
}

void scoped__node_thread(struct node *node, pthread_t thread)
{
    if (node->join == JOIN_UNSTARTED)
        node->thread = thread;
    scoped__node_join(node, JOIN_EV_THREAD);
}

/*
 * The loop is short: few children are finished and not joined, since a task that finishes joins
 * those before it (done.c).
 */
static struct list *place_of(const struct node *node, struct list *children) REQUIRES(tree_lock)
{
    struct list *place = children;
    if (node->join > JOIN_UNCLAIMED)
        return children->prev;
    if (!scoped__node_finished(node)) {
        while (place->next != children &&
               scoped__node_finished(list_entry(place->next, struct node, sibling)))
            place = place->next;
    }
    return place;
}

void scoped__node_place(struct node *node)
{
    list_remove(&node->sibling);
    list_insert_after(place_of(node, &node->parent->children), &node->sibling);
}

bool scoped__scope_has_room(const struct scope *scope)
{
    return scope->limit == 0 || scope->node.child_count - scope->uncounted < scope->limit;
}

void scoped__scope_show_room(struct scope *scope)
{
    bool has_room = scoped__scope_has_room(scope);
    if (scope->room_fd < 0 || scope->shows_room == has_room)
        return;
    scope->shows_room = has_room;
    if (has_room)
        scoped__event_raise(scope->room_fd);
    else
        scoped__event_clear(scope->room_fd);
}

/* Scopes inside, and the body of scoped_run, do not count against the limit of a scope. */
static void count(struct node *parent, const struct node *child, int change) REQUIRES(tree_lock)
{
    parent->child_count += (unsigned)change;
    if (parent->kind != NODE_SCOPE)
        return;
    struct scope *scope = scoped__scope(parent);
    if (child->kind == NODE_SCOPE || child->body_of != NULL)
        scope->uncounted += (unsigned)change;
    scoped__scope_show_room(scope);
}

void scoped__node_link(struct node *node)
{
    struct node *parent = node->parent;
    node->tree->nodes++;
    count(parent, node, 1);
    scoped__node_place(node);
    if (parent->kind == NODE_SCOPE && scoped__node_cancelled(parent))
        scoped__node_cancel(node, CANCEL_EV_MARK);
}

void scoped__node_unlink(struct node *node)
{
    count(node->parent, node, -1);
    list_remove(&node->sibling);
}
