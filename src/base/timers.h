/*
 * timers.h - a pairing heap of deadlines; its links are members of the items
 *
 * Adding is O(1), removing is O(log n) amortised. Nothing is allocated, so setting a deadline
 * cannot fail.
 */
#ifndef FORKSCOPE_BASE_TIMERS_H
#define FORKSCOPE_BASE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: not set. */
struct timer {
    int64_t at;
    struct timer *child;        /* first of the timers below this one */
    struct timer *next;         /* next sibling */
    struct timer *before;       /* previous sibling; for a first child: its parent */
    bool set;
};

struct timers {
    struct timer *first;        /* the earliest timer; NULL: none */
};

/* Sets a timer, which may be set already. */
void base__timer_set(struct timers *timers, struct timer *timer, int64_t at);

/* Removes a timer; does nothing if it is not set. */
void base__timer_clear(struct timers *timers, struct timer *timer);

#endif
