/*
 * timers.h - points in time in order: a pairing heap whose links lie inside what has a time
 *
 * Adding is constant, taking out is logarithmic on average, and nothing is allocated, so that a
 * deadline cannot fail to be set.
 */
#ifndef FORKSCOPE_BASE_TIMERS_H
#define FORKSCOPE_BASE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: not set. */
struct timer {
    int64_t at;
    struct timer *child;        /* the first of those that come after it */
    struct timer *next;         /* sibling */
    struct timer *before;       /* the sibling before, or the parent of a first child */
    bool set;
};

struct timers {
    struct timer *first;        /* the one that is due next; NULL: none */
};

/* Sets a timer, or sets it anew. */
void base__timer_set(struct timers *timers, struct timer *timer, int64_t at);

/* Takes a timer out; nothing if it is not set. */
void base__timer_clear(struct timers *timers, struct timer *timer);

#endif
