/*
 * inbox.h - what other threads tell a set, and the alarm of the set
 *
 * A pool tells the end of a call with its lock held, so the lock of an inbox is innermost.
 */
#ifndef FORKSCOPE_COMPLETION_INBOX_H
#define FORKSCOPE_COMPLETION_INBOX_H

#include "src/base/guarded.h"
#include "src/base/list.h"
#include "src/completion/alarm.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

extern struct base__lock inbox_lock;

struct procspawn__inbox {
    pthread_mutex_t lock;
    struct list arrivals GUARDED_BY(inbox_lock);        /* in the order of the ends */
    struct procspawn__alarm alarm GUARDED_BY(inbox_lock);
};

/* 0 or -errno. */
int procspawn__inbox_open(struct procspawn__inbox *inbox);
void procspawn__inbox_close(struct procspawn__inbox *inbox);
/* Returns the descriptor of the alarm, or -errno; if the program has closed it, makes a new one. */
int procspawn__inbox_fd(struct procspawn__inbox *inbox, bool *ret_is_new) EXCLUDES(inbox_lock);

/* Adds an item and rings. */
void procspawn__inbox_put(struct procspawn__inbox *inbox, struct list *item) EXCLUDES(inbox_lock);
/* Removes the item if it is there. */
void procspawn__inbox_withdraw(struct procspawn__inbox *inbox, struct list *item)
    EXCLUDES(inbox_lock);
/* Returns the oldest item, removed; NULL: there is none. */
struct list *procspawn__inbox_take(struct procspawn__inbox *inbox) EXCLUDES(inbox_lock);
/* Makes the alarm readable now. */
void procspawn__inbox_ring(struct procspawn__inbox *inbox) EXCLUDES(inbox_lock);
/* Makes it readable at this time at the latest; 0: now. */
void procspawn__inbox_advance(struct procspawn__inbox *inbox, int64_t at) EXCLUDES(inbox_lock);
/* Makes it readable at this time (0: now), or now if there is an item. */
void procspawn__inbox_rest(struct procspawn__inbox *inbox, int64_t until) EXCLUDES(inbox_lock);

#endif
