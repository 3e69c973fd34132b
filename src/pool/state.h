/*
 * state.h - what a pool is: its lock, its counts, and what its dispatcher is to do
 *
 * One lock for each pool guards the table of workers, the queue and the counts. A thread that holds
 * it does nothing that can block, or that takes time in proportion to what a worker sent:
 *
 * - A message of a worker is received and checked without the lock, by one thread at a time, and
 *   acted upon with the lock held: receive.c, schedule.c.
 * - A notice to a server, that it is to end a worker, is kept in the worker. The thread that
 *   releases the lock sends it: terminate.c.
 * - An object that is no longer used is noted in the pool. The thread that releases the lock frees
 *   it: lock.c.
 */
#ifndef FORKSCOPE_POOL_STATE_H
#define FORKSCOPE_POOL_STATE_H

#include "src/base/guarded.h"
#include "src/base/list.h"
#include "src/base/witness.h"
#include "src/client/take.h"
#include "src/image/at_fini.h"
#include "src/pool/backoff.h"
#include "src/pool/builder.h"
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct procspawn__learning;
struct procspawn__request;
struct procspawn__worker;

enum procspawn__pool_state {
    PROCSPAWN__POOL_OPEN,       /* it takes calls */
    PROCSPAWN__POOL_CLOSING,    /* no new calls; those that it has go on */
    PROCSPAWN__POOL_ENDED,      /* no call is started any more */
    PROCSPAWN__POOL_STATES
};

enum procspawn__pool_event {
    PROCSPAWN__POOL_SHUT_DOWN,  /* the owner wants no more calls */
    PROCSPAWN__POOL_END,        /* it failed, was killed or freed; its calls are over; or fini */
    PROCSPAWN__POOL_EVENTS
};

/* A member of an object that is to be freed once the pool's lock is released. */
struct procspawn__remains {
    struct procspawn__remains *next;
    void (*dispose)(struct procspawn__remains *remains);
};

/* A thread that waits for the pool as a whole sleeps on an eventfd of its own. */
struct procspawn__pool_waiter {
    struct list in_pool;
    int event;
};

extern struct base__lock pool_lock;

struct procspawn_pool {
    pthread_mutex_t lock;
    unsigned references;        /* atomic: the owner's, and one for each handle */
    struct procspawn__at_fini at_fini;
    struct base__witness *witness;
    struct procspawn__pool_config config;
    procspawn_builder *process;
    struct procspawn__request *initializer;     /* sealed; sent to each worker; NULL: none */
    struct procspawn__learning *learning;       /* what its workers learn; NULL: nothing */
    enum procspawn__pool_state state GUARDED_BY(pool_lock);
    bool failed GUARDED_BY(pool_lock);          /* it ended because no worker could be started */
    procspawn_error *cause GUARDED_BY(pool_lock);  /* of the last failed start */

    struct list queue GUARDED_BY(pool_lock);
    unsigned queued GUARDED_BY(pool_lock);
    /* queued or running; atomic: it is read without the lock */
    unsigned calls GUARDED_BY(pool_lock);
    struct procspawn__worker **workers GUARDED_BY(pool_lock);
    unsigned worker_count GUARDED_BY(pool_lock);
    /* workers out of the table that are not known to be gone yet */
    struct list lost GUARDED_BY(pool_lock);
    struct list idle GUARDED_BY(pool_lock);     /* the worker that became idle last comes first */
    unsigned active GUARDED_BY(pool_lock);      /* workers that run a call */
    /* target number of workers: minimum to maximum; atomic */
    unsigned wanted GUARDED_BY(pool_lock);
    uint64_t last_serial GUARDED_BY(pool_lock);
    struct list notices GUARDED_BY(pool_lock);  /* workers with a notice for their server */
    /* the same: the notice could not be sent, to be repeated */
    struct list later_notices GUARDED_BY(pool_lock);
    struct procspawn__remains *remains GUARDED_BY(pool_lock);

    struct list waiters GUARDED_BY(pool_lock);  /* threads that wait for the pool as a whole */
    uint64_t idle_epoch GUARDED_BY(pool_lock);  /* counts how often the pool became idle */
    int room_fd GUARDED_BY(pool_lock);          /* eventfd; -1 until asked for */
    bool shows_room GUARDED_BY(pool_lock);      /* room_fd is readable */

    pthread_t dispatcher;
    int end_event;              /* eventfd of the leaf task for the pool in a scope, or -1 */
    int epoll;
    int wake;                   /* eventfd that wakes the dispatcher */
    int64_t wake_at GUARDED_BY(pool_lock);      /* when the dispatcher's wait times out */
    int64_t repeat_at GUARDED_BY(pool_lock);    /* when it repeats what failed for a shortage */
    int64_t look_at;            /* when it next looks for what no event tells */
    int64_t ask_at GUARDED_BY(pool_lock);  /* when it next asks the servers for ends of workers */
    bool needs_collector GUARDED_BY(pool_lock);  /* a captured call waits for one */
    struct procspawn__backoff backoff GUARDED_BY(pool_lock);
    struct procspawn__child_request child_request; /* for one more worker; the dispatcher's */
};

/* ---- without the lock ---- */

/* A new pool in state OPEN, without workers, descriptors and thread; NULL without memory. */
procspawn_pool *procspawn__pool_new(const struct procspawn__pool_config *config)
    EXCLUDES(pool_lock);
/* False in a child by fork(2) of the process that made the pool, and for NULL. */
bool procspawn__pool_is_ours(const procspawn_pool *pool);
/* 0, if it is ours; -EINVAL for NULL; PROCSPAWN_ENOTOWNER. */
int procspawn__pool_check(const procspawn_pool *pool);
void procspawn__pool_enter(procspawn_pool *pool) LOCKS(pool_lock);
/* Releases the lock and does nothing else; see procspawn__pool_leave. */
void procspawn__pool_unlock(procspawn_pool *pool) UNLOCKS(pool_lock);
/* Has it no call, queued or running? With or without the lock. */
bool procspawn__pool_is_idle(const procspawn_pool *pool);
/* Frees objects that were in the pool's list. They may close descriptors. */
void procspawn__dispose_all(struct procspawn__remains *remains) EXCLUDES(pool_lock);

/* ---- with the lock held ---- */

/* The only place where the pool's state changes. All events are legal in all states. */
void procspawn__pool_step(procspawn_pool *pool, enum procspawn__pool_event event)
    REQUIRES(pool_lock);

/* Has the thread that leaves next call dispose(remains). */
void procspawn__pool_dispose(procspawn_pool *pool, struct procspawn__remains *remains,
                             void (*dispose)(struct procspawn__remains *remains))
    REQUIRES(pool_lock);

/* Wakes the dispatcher; makes sure that it wakes at this time at the latest. */
void procspawn__pool_wake(procspawn_pool *pool) REQUIRES(pool_lock);
void procspawn__pool_wake_by(procspawn_pool *pool, int64_t when) REQUIRES(pool_lock);
/* Has the dispatcher repeat what failed for a shortage, ten milliseconds from now. */
void procspawn__pool_repeat_soon(procspawn_pool *pool) REQUIRES(pool_lock);
/* Has the dispatcher ask servers for ends of workers after this pause, in nanoseconds. */
void procspawn__pool_ask_soon(procspawn_pool *pool, int64_t pause) REQUIRES(pool_lock);

/* Wakes all threads that wait for the pool. */
void procspawn__pool_notify(procspawn_pool *pool) REQUIRES(pool_lock);
/* The last call has ended: counts it and wakes the waiting threads. */
void procspawn__pool_notify_idle(procspawn_pool *pool) REQUIRES(pool_lock);
/* Are all workers gone? */
bool procspawn__pool_has_no_workers(const procspawn_pool *pool, uint64_t unused)
    REQUIRES(pool_lock);
/* Can a call be queued, or is it known that none can be any more? */
bool procspawn__pool_has_room(const procspawn_pool *pool, uint64_t unused) REQUIRES(pool_lock);
/* The queue or the state has changed: tells those who wait for room, if there is some now. */
void procspawn__pool_show_room(procspawn_pool *pool) REQUIRES(pool_lock);
/* Is it idle, or was it since idle_epoch had this value? */
bool procspawn__pool_idle_since(const procspawn_pool *pool, uint64_t epoch) REQUIRES(pool_lock);

#endif
