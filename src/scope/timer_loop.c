/*
 * timer_loop.c - the loop of a tree's timer thread: fires timers, joins finished tasks
 */
#include "src/scope/timer_loop.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/cancel.h"
#include "src/scope/cancel_tree.h"
#include "src/scope/join.h"
#include "src/scope/node.h"

static struct node *node_of(struct agenda_entry *entry)
{
    return list_entry(entry, struct node, agenda);
}

static void fire(struct node *node) REQUIRES(tree_lock)
{
    if (node->kind != NODE_SCOPE) {
        scoped__cancel_reevaluate(node);
    } else if (!scoped__node_cancelled(node)) {
        node->by_deadline = true;
        scoped__cancel(node);
    }
}

static void fire_due(struct agenda *agenda) REQUIRES(tree_lock)
{
    struct agenda_entry *due;
    while ((due = scoped__agenda_take_due(agenda, base__now())) != NULL)
        fire(node_of(due));
}

/*
 * Joins the first node of the list; returns false if there is none. If its thread does not end in
 * time, the node is put at the end of the list, so that timers are not delayed.
 */
static bool join_one(struct agenda *agenda) REQUIRES(tree_lock)
{
    struct agenda_entry *entry = scoped__agenda_take_join(agenda);
    if (entry == NULL)
        return false;
    scoped__join_finished(node_of(entry));
    scoped__node_unref(node_of(entry));
    return true;
}

/*
 * When the thread stops, all nodes but the root are gone; the nodes left in the agenda only have
 * their references dropped.
 */
void *scoped__timer_loop(void *arg)
{
    struct tree *tree = arg;
    struct agenda *agenda = &tree->agenda;
    base__cancelable(false);
    scoped__lock(tree);
    while (!tree->timer_thread.stops) {
        join_one(agenda);
        fire_due(agenda);
        int64_t next = scoped__agenda_next(agenda);
        scoped__unlock(tree);
        base__park(agenda->reader, next);
        scoped__lock(tree);
    }
    while (join_one(agenda))
        continue;
    scoped__unlock(tree);
    return NULL;
}
