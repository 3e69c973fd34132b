/*
 * timer_thread.c - the loop of a tree's timer thread: fires timers, joins finished tasks; its start
 * and stop
 */
#include "src/scope/timer_thread.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/scope/cancel.h"
#include "src/scope/join.h"

#include <errno.h>

static void fire(struct node *node)
{
    if (node->kind != NODE_SCOPE) {
        scoped__cancel_press(node);
    } else if (!node->cancelled) {
        node->by_deadline = true;
        scoped__cancel(node);
    }
}

static void fire_due(struct keeper *keeper)
{
    while (keeper->timers.first != NULL && keeper->timers.first->at <= base__now()) {
        struct timer *due = keeper->timers.first;
        base__timer_clear(&keeper->timers, due);
        fire(list_entry(due, struct node, timer));
    }
}

/*
 * Joins the first node of the list. If its thread does not end in time, the node is put at the end
 * of the list, so that timers are not delayed.
 */
static void join_one(struct keeper *keeper)
{
    if (list_empty(&keeper->to_join))
        return;
    struct node *node = list_entry(keeper->to_join.next, struct node, handed_over);
    list_remove(&node->handed_over);
    scoped__join_finished(node);
    scoped__node_unref(node);
}

/* Returns when there is work: 0 (now), the time of the first timer, or never. */
static int64_t next_work(const struct keeper *keeper)
{
    if (!list_empty(&keeper->to_join))
        return 0;
    return keeper->timers.first == NULL ? BASE_NEVER : keeper->timers.first->at;
}

/*
 * The thread's main function. When it stops, all nodes but the root are gone; the nodes left in
 * to_join only have their references dropped.
 */
static void *keep(void *arg)
{
    struct tree *tree = arg;
    struct keeper *keeper = &tree->keeper;
    base__cancelable(false);
    scoped__lock(tree);
    while (!keeper->stops) {
        join_one(keeper);
        fire_due(keeper);
        int64_t next = next_work(keeper);
        scoped__unlock(tree);
        base__park(keeper->waiter, next);
        scoped__lock(tree);
    }
    while (!list_empty(&keeper->to_join))
        join_one(keeper);
    scoped__unlock(tree);
    return NULL;
}

int scoped__keeper_start_locked(struct tree *tree)
{
    struct keeper *keeper = &tree->keeper;
    if (keeper->runs || keeper->stops)
        return 0;
    keeper->waiter = base__waiter_new();
    if (keeper->waiter == NULL)
        return -ENOMEM;
    int error = base__thread_start(&keeper->thread, NULL, keep, tree);
    if (error == 0) {
        keeper->runs = true;
    } else {
        base__waiter_free(keeper->waiter);
        keeper->waiter = NULL;
    }
    return error;
}

int scoped__keeper_start(struct tree *tree)
{
    scoped__lock(tree);
    int error = scoped__keeper_start_locked(tree);
    scoped__unlock(tree);
    return error;
}

void scoped__keeper_stop(struct tree *tree)
{
    struct keeper *keeper = &tree->keeper;
    scoped__lock(tree);
    bool runs = keeper->runs;
    keeper->runs = false;
    keeper->stops = true;
    scoped__wake(tree, keeper->waiter);
    scoped__unlock(tree);
    if (!runs)
        return;
    bool was_on = base__cancelable(false);
    pthread_join(keeper->thread, NULL);
    base__cancelable(was_on);
    base__waiter_free(keeper->waiter);
    keeper->waiter = NULL;
}

void scoped__keeper_set_timer(struct node *node, int64_t at)
{
    struct keeper *keeper = &node->tree->keeper;
    base__timer_set(&keeper->timers, &node->timer, at);
    if (keeper->timers.first == &node->timer)
        scoped__wake(node->tree, keeper->waiter);
}

void scoped__keeper_hand_over(struct node *node)
{
    struct keeper *keeper = &node->tree->keeper;
    if (!list_empty(&node->handed_over))
        return;
    node->references++;
    list_append(&keeper->to_join, &node->handed_over);
    scoped__wake(node->tree, keeper->waiter);
}
