/*
 * timer_thread.c - starts and stops the timer thread of a tree, and gives it work
 */
#include "src/scope/timer_thread.h"

#include "src/base/thread.h"

#include <errno.h>

static int start(struct tree *tree, struct waiter *waiter) REQUIRES(tree_lock)
{
    struct timer_thread *timer = &tree->timer_thread;
    int error = base__thread_start(&timer->thread, NULL, timer->loop, tree);
    if (error < 0)
        return error;
    timer->runs = true;
    tree->agenda.reader = waiter;
    return 0;
}

int scoped__timer_thread_start_locked(struct tree *tree)
{
    const struct timer_thread *timer = &tree->timer_thread;
    if (timer->runs || timer->stops)
        return 0;
    struct waiter *waiter = base__waiter_new();
    if (waiter == NULL)
        return -ENOMEM;
    int error = start(tree, waiter);
    if (error < 0)
        base__waiter_free(waiter);
    return error;
}

int scoped__timer_thread_start(struct tree *tree)
{
    scoped__lock(tree);
    int error = scoped__timer_thread_start_locked(tree);
    scoped__unlock(tree);
    return error;
}

void scoped__timer_thread_stop(struct tree *tree)
{
    struct timer_thread *timer = &tree->timer_thread;
    scoped__lock(tree);
    bool runs = timer->runs;
    timer->runs = false;
    timer->stops = true;
    scoped__wake(tree, tree->agenda.reader);
    scoped__unlock(tree);
    if (!runs)
        return;
    bool was_on = base__cancelable(false);
    pthread_join(timer->thread, NULL);
    base__cancelable(was_on);
    base__waiter_free(tree->agenda.reader);
    tree->agenda.reader = NULL;
}

void scoped__timer_set(struct node *node, int64_t at)
{
    scoped__agenda_set_timer(&node->tree->agenda, &node->agenda, at);
}

void scoped__timer_clear(struct node *node)
{
    scoped__agenda_clear_timer(&node->tree->agenda, &node->agenda);
}

void scoped__join_later(struct node *node)
{
    if (scoped__agenda_add_join(&node->tree->agenda, &node->agenda))
        node->references++;
}
