/*
 * timers.c - a pairing heap
 */
#include "src/base/timers.h"

#include <stddef.h>

/* Merges two heaps and returns the root. Either may be NULL; neither root has siblings. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    if (b->at < a->at) {
        struct timer *other = a;
        a = b;
        b = other;
    }
    b->next = a->child;
    if (b->next != NULL)
        b->next->before = b;
    b->before = a;
    a->child = b;
    return a;
}

static struct timer *detach_first(struct timer **list)
{
    struct timer *timer = *list;
    if (timer != NULL) {
        *list = timer->next;
        timer->next = timer->before = NULL;
    }
    return timer;
}

/* Merges siblings into one heap: pairs from left to right, then all pairs from right to left. */
static struct timer *meld_siblings(struct timer *list)
{
    struct timer *pairs = NULL, *all = NULL, *pair;
    while (list != NULL) {
        struct timer *a = detach_first(&list);
        pair = meld(a, detach_first(&list));
        pair->next = pairs;
        pairs = pair;
    }
    while ((pair = detach_first(&pairs)) != NULL)
        all = meld(all, pair);
    return all;
}

void base__timer_clear(struct timers *timers, struct timer *timer)
{
    if (!timer->set)
        return;
    struct timer *below = meld_siblings(timer->child);
    if (timer == timers->first) {
        timers->first = below;
    } else {
        if (timer->before->child == timer)
            timer->before->child = timer->next;
        else
            timer->before->next = timer->next;
        if (timer->next != NULL)
            timer->next->before = timer->before;
        timers->first = meld(timers->first, below);
    }
    *timer = (struct timer){ .at = 0 };
}

void base__timer_set(struct timers *timers, struct timer *timer, int64_t at)
{
    base__timer_clear(timers, timer);
    *timer = (struct timer){ .at = at, .set = true };
    timers->first = meld(timers->first, timer);
}
