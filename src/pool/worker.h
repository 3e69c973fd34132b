/*
 * worker.h - the table of a pool's workers, and their states
 */
#ifndef FORKSCOPE_POOL_WORKER_H
#define FORKSCOPE_POOL_WORKER_H

#include "src/base/guarded.h"
#include "src/base/list.h"
#include "src/call/outcome.h"
#include "src/client/awaits.h"
#include "src/client/remote_child.h"
#include "src/pool/state.h"
#include "src/value/encoded.h"
#include "src/wire/protocol.h"
#include "src/wire/standing.h"
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stdint.h>

struct procspawn__pool_call;

/* 0 is no state: it marks events that are illegal in a state. */
enum procspawn__worker_state {
    PROCSPAWN__WORKER_BUG,
    PROCSPAWN__WORKER_STARTING, /* it was sent PREPARE, and the initializer, and has not answered */
    PROCSPAWN__WORKER_IDLE,
    PROCSPAWN__WORKER_RUNNING,  /* it was sent a call and has not answered */
    PROCSPAWN__WORKER_ENDING,   /* its server will end it; its DEATH is still to come */
    PROCSPAWN__WORKER_LOST,     /* its channel ended without DEATH, or DEATH says it lingers */
    PROCSPAWN__WORKER_GONE,
    PROCSPAWN__WORKER_STATES
};

enum procspawn__worker_event {
    PROCSPAWN__EV_READY,        /* it has answered PREPARE and the initializer */
    PROCSPAWN__EV_CALL,         /* it was sent a call */
    PROCSPAWN__EV_ANSWER,       /* it has answered and waits for the next call */
    PROCSPAWN__EV_END,          /* the pool ends it */
    PROCSPAWN__EV_LOST,         /* its channel has ended, or DEATH says that it lingers */
    PROCSPAWN__EV_DEATH,        /* it is gone, with its descendants */
    PROCSPAWN__WORKER_EVENTS
};

/* Notices that the server of a worker is still to be sent. */
struct procspawn__pending_notices {
    uint64_t signals;           /* bit n - 1: signal n */
    int64_t kill_at;            /* the earliest end of a grace */
    bool limit;                 /* the call is past one of its limits: */
    enum wire_limit_kind limit_kind;
    int64_t limit_length;
    bool limit_first;           /* it passed before the signals were added */
};

struct procspawn__worker {
    struct procspawn__remains remains;
    procspawn_pool *pool;
    struct procspawn__remote_child child;
    enum procspawn__worker_state state GUARDED_BY(pool_lock);
    /* the table's, and one for each thread that uses the worker */
    unsigned references GUARDED_BY(pool_lock);
    uint64_t serial;            /* identifies it in epoll events; never 0 */
    /* of the last CALL; an answer to another one is ignored */
    uint64_t generation GUARDED_BY(pool_lock);
    uint64_t ended_calls GUARDED_BY(pool_lock);
    bool prepared GUARDED_BY(pool_lock);        /* it has answered PREPARE */
    bool unusable GUARDED_BY(pool_lock);        /* it is ended because it cannot be initialized */
    /* sent and not ended; only in RUNNING and ENDING */
    struct procspawn__pool_call *call GUARDED_BY(pool_lock);
    struct procspawn__outcome start GUARDED_BY(pool_lock);  /* its failure, outside of calls */
    /* a thread receives: it alone uses channel, buffer, results.copy and statm */
    bool receiving GUARDED_BY(pool_lock);
    bool joiner_polls GUARDED_BY(pool_lock);    /* the joiner of its call polls the channel */
    bool watched GUARDED_BY(pool_lock);         /* the channel is in the dispatcher's epoll set */
    bool dispatcher_polls GUARDED_BY(pool_lock);  /* the dispatcher wakes for its messages */
    bool suspended GUARDED_BY(pool_lock);  /* not watched until repeat_at, because of a shortage */
    /* the channel was reset: it did not read the last message */
    bool left_unread GUARDED_BY(pool_lock);
    /* why it is ended; the first one counts */
    enum wire_end_cause end_cause GUARDED_BY(pool_lock);
    bool killed GUARDED_BY(pool_lock);          /* SIGKILL was asked for: no other signal follows */
    bool overdue GUARDED_BY(pool_lock);  /* its call is past a limit; its server is told */
    bool notifying GUARDED_BY(pool_lock);       /* a thread sends its server a notice right now */
    bool flooded GUARDED_BY(pool_lock);  /* its channel never becomes empty: DEATH may not fit in */
    struct procspawn__await await;  /* asks its server for its end; only the receiving thread */
    struct procspawn__pending_notices pending GUARDED_BY(pool_lock);
    struct list in_notices GUARDED_BY(pool_lock);
    struct procspawn__encoded *buffer;  /* for the message being received; NULL: none yet */
    /* of the thread that leases it (lease.h); with the lock while it is sent a call */
    struct wire_standing argument;
    bool new_argument;          /* the worker does not have it yet */
    struct procspawn__result_buffer results;    /* changed by the receiving thread, with the lock */
    bool new_results GUARDED_BY(pool_lock);     /* as above */
    bool waits_end;             /* a joiner may use wire__wait: it ends after a second */
    bool lossy;                 /* messages need not bring their descriptors any more */
    int statm;                  /* descriptor of /proc/PID/statm, -1 until needed */
    int64_t idle_until GUARDED_BY(pool_lock);   /* from then on the pool may end it to shrink */
    struct list in_idle GUARDED_BY(pool_lock);
    struct list in_lost GUARDED_BY(pool_lock);
};

/* All functions: with the pool's lock held. */

/*
 * Adds a child that was sent PREPARE to the table; it takes the child. NULL without memory: it is
 * not.
 */
struct procspawn__worker *procspawn__worker_add(procspawn_pool *pool,
                                                const struct procspawn__remote_child *child)
    REQUIRES(pool_lock);
/* Takes back the last addition: the child is the caller's again. */
void procspawn__worker_withdraw(struct procspawn__worker *worker) REQUIRES(pool_lock);
struct procspawn__worker *procspawn__worker_find(const procspawn_pool *pool, uint64_t serial)
    REQUIRES(pool_lock);
void procspawn__worker_ref(struct procspawn__worker *worker) REQUIRES(pool_lock);
void procspawn__worker_unref(struct procspawn__worker *worker) REQUIRES(pool_lock);
/* In a child by fork(2): frees its memory, and closes nothing. */
void procspawn__worker_forget(struct procspawn__worker *worker) REQUIRES(pool_lock);
/* The only place where a worker's state changes. False: the event is illegal, nothing changed. */
bool procspawn__worker_step(struct procspawn__worker *worker, enum procspawn__worker_event event)
    REQUIRES(pool_lock);
/* Takes a worker that is GONE or LOST, and not watched, out of the table. */
void procspawn__worker_remove(struct procspawn__worker *worker) REQUIRES(pool_lock);
/* Lost becomes gone: drops the pool's reference. */
void procspawn__worker_note_gone(struct procspawn__worker *worker) REQUIRES(pool_lock);

#endif
