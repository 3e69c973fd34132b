/*
 * lane.h - which calls of a set may be started now
 *
 * Calls that wait stand in lanes: one for processes, and one for each pool that has calls in the
 * set. Calls of a lane start in the order in which they were added. Lanes do not wait for each
 * other. A lane knows no process and no pool; it counts.
 */
#ifndef FORKSCOPE_COMPLETION_LANE_H
#define FORKSCOPE_COMPLETION_LANE_H

#include "src/base/list.h"
#include <stdbool.h>
#include <stdint.h>

struct procspawn__lane {
    const void *key;            /* the pool; NULL: processes */
    struct list waiting;        /* the first one starts next */
    unsigned started;           /* calls that hold a place: started, and not given out yet */
    unsigned places;            /* at most this number of calls hold one; UINT_MAX: no limit */
    /* a shortage: no start before this time, or before a call of the lane has ended; 0: none */
    int64_t held_until;
    int64_t held_since;         /* the first shortage since the last start; 0: none */
};

void procspawn__lane_init(struct procspawn__lane *lane, const void *key, unsigned places);
/* The call that may be started now, or NULL. It stays in the lane. */
struct list *procspawn__lane_next(const struct procspawn__lane *lane, int64_t now);
/* The call `first` has left the lane and holds a place; and has given it back. */
void procspawn__lane_took(struct procspawn__lane *lane, struct list *first);
void procspawn__lane_gave_back(struct procspawn__lane *lane);
/* A call that was taken goes back to where it stood, and its place is free. */
void procspawn__lane_return(struct procspawn__lane *lane, struct list *first);
/*
 * The last start met a shortage. True: it is to be tried again, and the lane waits until it may be
 * over. False: no call of the lane holds a place that could become free, and it has lasted for
 * long: then the call has failed.
 */
bool procspawn__lane_hold(struct procspawn__lane *lane, int64_t now);
/* The next call cannot be started before others than those of the set have ended. */
void procspawn__lane_wait(struct procspawn__lane *lane, int64_t now);
/* A start succeeded, or an end may have ended the shortage. */
void procspawn__lane_release(struct procspawn__lane *lane);

#endif
