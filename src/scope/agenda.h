/*
 * agenda.h - what the timer thread of a tree is to do: fire timers, join finished tasks
 *
 * An agenda is data only. Anybody may fill it, whether or not a timer thread runs (timer_thread.h);
 * what follows from an entry is decided by the thread's loop (timer_loop.h). The tree's mutex
 * guards it.
 */
#ifndef FORKSCOPE_SCOPE_AGENDA_H
#define FORKSCOPE_SCOPE_AGENDA_H

#include "src/base/list.h"
#include "src/base/timers.h"
#include "src/base/waiter.h"
#include "src/scope/tree_lock.h"

struct agenda {
    struct wakeups *wakeups;    /* of the tree: where a wake-up of the reader is queued */
    struct waiter *reader;      /* the timer thread sleeps in it; NULL: no thread */
    struct timers timers GUARDED_BY(tree_lock);
    struct list joins GUARDED_BY(tree_lock);    /* the oldest first */
};

/* What is to be done with one node. */
struct agenda_entry {
    struct timer timer GUARDED_BY(tree_lock);
    struct list join GUARDED_BY(tree_lock);     /* empty: not to be joined */
};

void scoped__agenda_init(struct agenda *agenda, struct wakeups *wakeups);
void scoped__agenda_entry_init(struct agenda_entry *entry);

/*
 * Sets the entry's timer to `at` (CLOCK_MONOTONIC, nanoseconds). The reader is woken if this is now
 * the first timer.
 */
void scoped__agenda_set_timer(struct agenda *agenda, struct agenda_entry *entry, int64_t at)
    REQUIRES(tree_lock);
void scoped__agenda_clear_timer(struct agenda *agenda, struct agenda_entry *entry)
    REQUIRES(tree_lock);
bool scoped__agenda_has_timers(const struct agenda *agenda) REQUIRES(tree_lock);

/* Adds a join and wakes the reader. Returns false if the entry has one already. */
bool scoped__agenda_add_join(struct agenda *agenda, struct agenda_entry *entry) REQUIRES(tree_lock);

/* Takes out the first timer that is due, or the first join. NULL: none. */
struct agenda_entry *scoped__agenda_take_due(struct agenda *agenda, int64_t now)
    REQUIRES(tree_lock);
struct agenda_entry *scoped__agenda_take_join(struct agenda *agenda) REQUIRES(tree_lock);

/* Returns when there is work: 0 (now), the time of the first timer, or BASE_NEVER. */
int64_t scoped__agenda_next(const struct agenda *agenda) REQUIRES(tree_lock);

#endif
