/*
 * state.h - what a set is: its calls, their lanes, its lock
 *
 * The lock guards the calls and their lists. It is held for steps that are short and do not wait.
 * What receives from a process, starts one or decodes is done without it, by the one thread that
 * is in procspawn_set_next() or procspawn_set_free(): only this thread starts calls in processes,
 * watches handles, and takes calls out of the set.
 */
#ifndef FORKSCOPE_COMPLETION_STATE_H
#define FORKSCOPE_COMPLETION_STATE_H

#include "src/base/guarded.h"
#include "src/base/list.h"
#include "src/base/timers.h"
#include "src/call/launch.h"
#include "src/completion/inbox.h"
#include "src/completion/lane.h"
#include "src/completion/member.h"
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern struct base__lock set_lock;

struct procspawn_set {
    uint64_t owner;             /* base__process() of the process that made it */
    pthread_mutex_t lock;
    struct list members GUARDED_BY(set_lock);       /* all calls */
    size_t count GUARDED_BY(set_lock);
    struct list unseen GUARDED_BY(set_lock);        /* running, and not watched yet */
    struct list starting GUARDED_BY(set_lock);      /* in the order in which they began */
    struct list ended GUARDED_BY(set_lock);         /* in the order in which they ended */
    struct timers timers GUARDED_BY(set_lock);
    struct procspawn__lane processes GUARDED_BY(set_lock);
    struct list pools GUARDED_BY(set_lock);         /* struct procspawn__pool_lane */
    struct procspawn__launch_files files GUARDED_BY(set_lock);
    struct procspawn__inbox inbox;
    int epoll;                  /* the descriptor of the set */
    int client;                 /* the client's epoll set, as watched; -1: it is not */
};

static inline void procspawn__set_enter(procspawn_set *set) LOCKS(set_lock)
{
    pthread_mutex_lock(&set->lock);
}

static inline void procspawn__set_leave(procspawn_set *set) UNLOCKS(set_lock)
{
    pthread_mutex_unlock(&set->lock);
}

bool procspawn__set_is_ours(const procspawn_set *set);
/* A new set without descriptors; NULL without memory. */
procspawn_set *procspawn__set_new(void);
/* Frees a set without calls. */
void procspawn__set_destroy(procspawn_set *set);
/* In a child by fork(2): closes nothing. */
void procspawn__set_forget(procspawn_set *set);

/* ---- with the lock held ---- */

/* The lane of the pool; NULL without memory. It is there as long as a call refers to it. */
struct procspawn__lane *procspawn__set_pool_lane(procspawn_set *set, const void *pool)
    REQUIRES(set_lock);
/* The lane that is this item of set->pools. */
struct procspawn__lane *procspawn__set_lane_at(struct list *item);
/* Adds a call, which is in state WAITING, to the set. lane: NULL: it has a handle of its own, and
 * no place. */
void procspawn__set_join(struct procspawn__member *member, struct procspawn__lane *lane)
    REQUIRES(set_lock);
/* Takes a call out of all lists; its place is free. The caller frees it. */
void procspawn__set_part(struct procspawn__member *member) REQUIRES(set_lock);

/* A call that waits takes its turn: it leaves its lane and has a place there; and goes back. */
void procspawn__set_begin(struct procspawn__member *member) REQUIRES(set_lock);
void procspawn__set_put_off(struct procspawn__member *member) REQUIRES(set_lock);
/* The call has a handle. */
void procspawn__set_started(struct procspawn__member *member, procspawn_handle *handle)
    REQUIRES(set_lock);
/* The call has ended, with what its handle has or, if it has none, with the error (taken; NULL: no
 * other than it has). */
void procspawn__set_ended(struct procspawn__member *member, procspawn_error *error)
    REQUIRES(set_lock);

#endif
