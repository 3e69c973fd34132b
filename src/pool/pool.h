/*
 * pool.h - the internals of a pool: what its files share
 *
 * One lock for each pool guards the table of workers, the queue and the counts. A thread that holds
 * it does nothing that can block, or that takes time in proportion to what a worker sent:
 *
 * - A message of a worker is received and checked without the lock, by one thread at a time (the
 *   worker is "heard"), and acted upon with the lock held: news.c, hear.c.
 * - A message to a server is noted in the worker. The thread that releases the lock sends it:
 *   tell.c.
 * - An object that is no longer used is noted in the pool. The thread that releases the lock frees
 *   it: lock.c.
 *
 * Each worker has a channel of its own and runs at most one call. Any thread may receive from the
 * channel. The thread that waits for its next message is
 *
 * - the joiner of the call (the worker is "followed"): it polls the channel itself, so a call costs
 *   two messages and wakes no other thread. No other thread receives from the channel until it has
 *   ended; otherwise the joiner would miss the message and sleep for ever.
 * - the dispatcher (the worker is "listened to"): if the worker is not followed and something
 *   depends on the end of its call: calls are queued, threads wait for the pool, the handle was
 *   freed, or the handle's descriptor is in use. Also if the worker is to end.
 * - otherwise none: the answer stays in the channel until one of the two above happens.
 *
 * The end of a channel always wakes the dispatcher.
 */
#ifndef FORKSCOPE_POOL_POOL_H
#define FORKSCOPE_POOL_POOL_H

#include "src/base/list.h"
#include "src/base/witness.h"
#include "src/call/handle.h"
#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/call/request.h"
#include "src/client/awaits.h"
#include "src/client/take.h"
#include "src/client/taken.h"
#include "src/image/at_fini.h"
#include "src/pool/backoff.h"
#include "src/wire/frame.h"
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- builder.c: the configuration of a pool ---- */

struct procspawn__pool_plan {
    unsigned minimum;
    unsigned maximum;
    int64_t idle_timeout;
    uint64_t recycle_calls;
    uint64_t recycle_bytes;
    bool capture[3];
    uint64_t capture_limit;
    unsigned attempts;
};

struct procspawn_pool_builder {
    struct procspawn__pool_plan plan;
    procspawn_builder *process;
};

/* ---- the pool ---- */

/* Each state with the event that enters it. */
enum procspawn__pool_state {
    PROCSPAWN__POOL_OPEN,       /* built */
    PROCSPAWN__POOL_CLOSING,    /* shutdown: no new calls */
    PROCSPAWN__POOL_ENDED       /* failed, killed, shut down, freed, or procspawn_fini */
};

/* A member of an object that is to be freed once the pool's lock is released. */
struct procspawn__remains {
    struct procspawn__remains *next;
    void (*dispose)(struct procspawn__remains *remains);
};

struct procspawn_pool {
    pthread_mutex_t lock;
    unsigned references;        /* atomic: the owner's, and one for each handle */
    struct procspawn__at_fini at_fini;
    struct base__witness *witness;
    struct procspawn__pool_plan plan;
    procspawn_builder *process;
    enum procspawn__pool_state state;
    bool failed;                /* it ended because no worker could be started */
    procspawn_error *cause;     /* of the last failed start */

    struct list queue;
    unsigned queued;
    unsigned calls;             /* queued or running; atomic: it is read without the lock */
    struct procspawn__worker **workers;
    unsigned worker_count;
    struct list lost;           /* workers out of the table that are not known to be gone yet */
    struct list idle;           /* the worker that became idle last comes first */
    unsigned active;            /* workers that run a call */
    unsigned wanted;            /* target number of workers: minimum to maximum; atomic */
    uint64_t last_serial;
    struct list tell;           /* workers with a message for their server */
    struct list tell_later;     /* the same: the message could not be sent, to be repeated */
    struct procspawn__remains *remains;

    struct list waiters;        /* threads that wait for the pool as a whole */
    uint64_t idle_epoch;        /* counts how often the pool became idle */

    pthread_t dispatcher;
    int end_event;              /* eventfd of the leaf task for the pool in a scope, or -1 */
    int epoll;
    int wake;                   /* eventfd that wakes the dispatcher */
    int64_t wake_at;            /* when the dispatcher's wait times out */
    int64_t again_at;           /* when it repeats what failed for a shortage */
    int64_t look_at;            /* when it next checks that its descriptors are still open */
    int64_t beside_at;          /* when it next asks the servers for ends of workers */
    struct procspawn__backoff backoff;
    struct procspawn__wish wish;    /* the dispatcher's request for one more worker */
};

/* All functions below are called with the pool's lock held, unless they say otherwise. */

/* pool.c */
void procspawn__pool_wake(procspawn_pool *pool);
/* Makes sure that the dispatcher wakes at this time at the latest. */
void procspawn__pool_wake_by(procspawn_pool *pool, int64_t when);
/* Without the lock; may free the pool. */
void procspawn__pool_unref(procspawn_pool *pool);
/* False in a child by fork(2) of the process that made the pool. Without the lock. */
bool procspawn__pool_is_ours(const procspawn_pool *pool);
/* Hears all workers that run a call. Releases the lock in between. */
void procspawn__pool_look(procspawn_pool *pool);

/* Cancels all queued calls and kills the workers. Releases the lock in between. */
void procspawn__pool_end(procspawn_pool *pool);

/* lock.c: leave sends pending messages to servers, releases the lock, frees unused objects. */
void procspawn__pool_enter(procspawn_pool *pool);
void procspawn__pool_leave(procspawn_pool *pool);
/* Releases the lock and does nothing else: for a thread that is being cancelled. */
void procspawn__pool_unlock(procspawn_pool *pool);
/* Has the thread that leaves next call dispose(remains). */
void procspawn__pool_dispose(procspawn_pool *pool, struct procspawn__remains *remains,
                             void (*dispose)(struct procspawn__remains *remains));
/* Frees what is left; without the lock, when no other thread uses the pool. */
void procspawn__pool_dispose_rest(procspawn_pool *pool);

/* wait.c: waiting for the pool as a whole */

/* Wakes all threads that wait for the pool. */
void procspawn__pool_changed(procspawn_pool *pool);
/* The last call has ended: counts it and wakes the waiting threads. */
void procspawn__pool_became_idle(procspawn_pool *pool);
/* Has it no call, queued or running? With or without the lock. */
bool procspawn__pool_is_idle(const procspawn_pool *pool);
/* Are all workers gone? */
bool procspawn__pool_emptied(const procspawn_pool *pool, uint64_t unused);
/* Is it idle, or was it since idle_epoch had this value? */
bool procspawn__pool_idle_since(const procspawn_pool *pool, uint64_t epoch);
/*
 * Without the lock: waits until reached(pool, idle_epoch at the beginning) is true. `event`: an
 * eventfd to sleep on, borrowed; -1: the function makes its own if it has to sleep. A cancellation
 * point. 0, -ETIMEDOUT, -ECANCELED, or why there is no eventfd.
 */
int procspawn__pool_wait(procspawn_pool *pool, int event, int64_t deadline,
                         bool (*reached)(const procspawn_pool *, uint64_t));
/*
 * Without the lock: accepts no more calls, waits for the end of all calls, then kills the workers
 * and waits until they are gone. Returns as procspawn__pool_wait.
 */
int procspawn__pool_shut_down(procspawn_pool *pool, int event, int64_t deadline);

/* ---- job.c: one call of a pool ---- */

enum procspawn__call_state {
    PROCSPAWN__CALL_QUEUED,     /* submitted; or its worker died before it took the call */
    PROCSPAWN__CALL_RUNNING,    /* sent to a worker */
    PROCSPAWN__CALL_ENDED       /* its outcome is known */
};

/* The request of a call, kept as long as it may be sent. */
struct procspawn__call_draft {
    struct procspawn__remains remains;
    struct procspawn__draft draft;
};

/* A captured output stream of one call. */
struct procspawn__capture {
    int ends[2];                /* the pipe, while a worker runs the call; else -1 */
    int memory;                 /* memfd with the output; -1 if the stream is not captured */
    uint64_t length;            /* bytes in the memfd */
};

/* Descriptors of a worker in epoll events: 0 for its channel, then its pipes by stream number. */
enum { PROCSPAWN__STREAMS = 4 };

struct procspawn__pool_call {
    procspawn_handle handle;
    struct procspawn__remains remains;
    procspawn_pool *pool;
    enum procspawn__call_state state;   /* atomic: read without the lock for ENDED */
    struct procspawn__call_draft *draft;    /* NULL: the call will not be sent again */
    struct list in_queue;
    struct procspawn__worker *worker;   /* RUNNING only */
    int64_t deadline;
    unsigned refusals;          /* failed set-ups in workers that had run other calls before */
    int event;                  /* eventfd, readable when the call has ended; -1 until needed */
    bool dropped;               /* the handle was freed: the call is freed when it ends */
    struct procspawn__capture capture[PROCSPAWN__STREAMS];  /* by number: only 1 and 2 are used */
};

/* Without the lock: a new call, not queued, with a reference to the pool; NULL without memory. */
struct procspawn__pool_call *procspawn__pool_call_new(procspawn_pool *pool);
/* Without the lock: frees a call that was never queued. */
void procspawn__pool_call_free(struct procspawn__pool_call *call);
/* The outcome is set: wakes the waiting threads. From then on the holder may free the call. */
void procspawn__pool_call_end(struct procspawn__pool_call *call);
/* Gives up the request: the call will not be sent again. */
void procspawn__pool_call_spend(struct procspawn__pool_call *call);

/* ---- capture.c ---- */

/*
 * Without the lock: opens memfds for the streams of a new call that the pool captures. 0 or -errno.
 * They are closed with the call.
 */
int procspawn__capture_open(struct procspawn__pool_call *call);
void procspawn__capture_close(struct procspawn__pool_call *call);
/* Open the pipes for the worker that is sent the call, 0 or -errno; and close them. */
int procspawn__capture_start(struct procspawn__pool_call *call, uint64_t serial);
void procspawn__capture_stop(struct procspawn__pool_call *call);
bool procspawn__capture_runs(const struct procspawn__pool_call *call);
/* Without the lock, in the thread that hears the worker: moves output from pipes to memfds. */
void procspawn__capture_drain(struct procspawn__pool_call *call);

/* ---- queue.c: gives queued calls to idle workers ---- */

void procspawn__pool_enqueue(struct procspawn__pool_call *call);
/* Puts a call that was sent back in front of the queue. */
void procspawn__pool_requeue(struct procspawn__pool_call *call);
/* Ends a queued call with this error, which is taken. */
void procspawn__pool_expel(struct procspawn__pool_call *call, procspawn_error *error);
/* Ends all queued calls with such errors. */
void procspawn__pool_expel_all(procspawn_pool *pool, enum procspawn_error_kind kind,
                               const char *message);
/* Sends calls as long as there are idle workers. */
void procspawn__pool_feed(procspawn_pool *pool);

/* ---- worker.c: the table of workers, and their states ---- */

/* 0 is no state: it marks events that are illegal in a state. */
enum procspawn__worker_state {
    PROCSPAWN__WORKER_BUG,
    PROCSPAWN__WORKER_STARTING, /* it was sent PREPARE and has not answered */
    PROCSPAWN__WORKER_IDLE,
    PROCSPAWN__WORKER_RUNNING,  /* it was sent a call and has not answered */
    PROCSPAWN__WORKER_ENDING,   /* its server will end it; its DEATH is still to come */
    PROCSPAWN__WORKER_LOST,     /* its channel ended without DEATH, or DEATH says it lingers */
    PROCSPAWN__WORKER_GONE,
    PROCSPAWN__WORKER_STATES
};

enum procspawn__worker_event {
    PROCSPAWN__EV_READY,        /* it has answered PREPARE */
    PROCSPAWN__EV_CALL,         /* it was sent a call */
    PROCSPAWN__EV_ANSWER,       /* it has answered and waits for the next call */
    PROCSPAWN__EV_END,          /* the pool ends it */
    PROCSPAWN__EV_CUT,          /* its channel has ended, or DEATH says that it lingers */
    PROCSPAWN__EV_DEATH,        /* it is gone, with its descendants */
    PROCSPAWN__WORKER_EVENTS
};

/* Messages that the server of a worker is still to be sent. */
struct procspawn__worker_end {
    uint64_t signals;           /* bit n - 1: signal n */
    int64_t kill_at;            /* the earliest end of a grace */
    bool limit;                 /* the call is past its deadline */
    bool limit_first;           /* the deadline passed before the signals were added */
};

struct procspawn__worker {
    struct procspawn__remains remains;
    procspawn_pool *pool;
    struct procspawn__taken taken;
    enum procspawn__worker_state state;
    unsigned references;        /* the table's, and one for each thread that uses the worker */
    uint64_t serial;            /* identifies it in epoll events, times PROCSPAWN__STREAMS */
    uint64_t generation;        /* of the last CALL; an answer to another one is ignored */
    uint64_t ended_calls;
    struct procspawn__pool_call *call;  /* sent and not ended; only in RUNNING and ENDING */
    struct procspawn__answer start;     /* its failure, outside of calls */
    bool heard;                 /* a thread hears it: it alone uses channel, frame and statm */
    bool followed;              /* the joiner of its call polls the channel */
    bool watched;               /* the channel is in the dispatcher's epoll set */
    bool listened;              /* the dispatcher wakes for its messages */
    bool deaf;                  /* not watched until again_at, because of a shortage */
    bool left_unread;           /* the channel was reset: it did not read the last message */
    bool killed;                /* SIGKILL was asked for: no other signal follows */
    bool overdue;               /* its call is past the deadline; its server is told */
    bool told;                  /* a thread sends its server a message right now */
    bool crowded;               /* its channel never becomes empty: DEATH may not fit in */
    struct procspawn__await await;  /* asks its server for its end; only if heard */
    struct procspawn__worker_end end;
    struct list in_tell;
    struct procspawn__parcel *room;     /* for the message being received; NULL: none yet */
    bool lossy;                 /* messages need not bring their descriptors any more */
    int statm;                  /* descriptor of /proc/PID/statm, -1 until needed */
    int64_t idle_until;         /* from then on the pool may end it to shrink */
    struct list in_idle;
    struct list in_lost;
};

/* Adds a child that was sent PREPARE. 0: the child is taken; or -errno. */
int procspawn__worker_add(procspawn_pool *pool, const struct procspawn__taken *taken);
struct procspawn__worker *procspawn__worker_find(const procspawn_pool *pool, uint64_t serial);
void procspawn__worker_ref(struct procspawn__worker *worker);
void procspawn__worker_unref(struct procspawn__worker *worker);
/* In a child by fork(2): frees its memory, and closes nothing. */
void procspawn__worker_forget(struct procspawn__worker *worker);
/* The only place where a worker's state changes. False: the event is illegal, nothing changed. */
bool procspawn__worker_step(struct procspawn__worker *worker, enum procspawn__worker_event event);
/* Sends a call to an idle worker. 0; -EPIPE: the worker cannot be used any more; or -errno. */
int procspawn__worker_start(struct procspawn__worker *worker, struct procspawn__pool_call *call);
/* Takes a worker that is GONE or LOST out of the table. */
void procspawn__worker_leave(struct procspawn__worker *worker);
/* Lost becomes gone: drops the pool's reference. */
void procspawn__worker_bury(struct procspawn__worker *worker);
/* Makes the dispatcher listen to the worker if that is needed now. */
void procspawn__worker_attend(struct procspawn__worker *worker);
/* Take the channel out of the dispatcher's set until again_at; and put it back, if possible. */
void procspawn__worker_deafen(struct procspawn__worker *worker);
void procspawn__worker_undeafen(struct procspawn__worker *worker);
/* The joiner begins and ends to poll the channel. */
void procspawn__worker_follow(struct procspawn__worker *worker);
void procspawn__worker_unfollow(struct procspawn__worker *worker);

/* ---- tell.c: messages to servers that end workers ---- */

/*
 * Has the server send the signal, and SIGKILL after the grace (nanoseconds). May be called again;
 * the server keeps the earliest time of the kill and the first cause.
 */
void procspawn__worker_end(struct procspawn__worker *worker, int signal, int64_t grace);
/* The same for a call past its deadline: the server takes a backtrace first. */
void procspawn__worker_past_deadline(struct procspawn__worker *worker);
/* Sends all pending messages to servers. Releases the lock in between. */
void procspawn__pool_tell(procspawn_pool *pool);
/* Marks the messages that could not be sent as pending again. */
void procspawn__pool_tell_again(procspawn_pool *pool);

/* ---- news.c: receives and checks one message, without the lock ---- */

struct procspawn__report {
    struct procspawn__incoming incoming;
    bool too_big;               /* RESULT, FAILURE: the worker uses more memory than allowed */
    bool server_lost;           /* END: the server died; else the worker shut down its channel */
    struct procspawn__answer answer;    /* RESULT, FAILURE, BACKTRACE */
};

/* Receives one message, if there is one. Without the lock, in the thread that hears the worker. */
void procspawn__report_receive(struct procspawn__worker *worker, struct procspawn__report *report);

/* ---- hear.c: acts upon messages ---- */

/*
 * Hears a worker: receives a number of messages and acts upon them. Releases the lock in between.
 * 0, also if another thread hears it; or a shortage of this process (-EMFILE, -ENOMEM ...): then a
 * message is left in the channel.
 */
int procspawn__worker_hear(struct procspawn__worker *worker);
/* Reads captured output, unless another thread hears the worker. Releases the lock in between. */
void procspawn__worker_drain(struct procspawn__worker *worker);
/*
 * Asks the worker's server for its end: the channel may have ended without DEATH, or be full of
 * other messages. Only in the dispatcher. Releases the lock in between.
 */
void procspawn__worker_look_beside(struct procspawn__worker *worker);
/* As procspawn__worker_hear, but does nothing if the worker is followed. */
int procspawn__worker_look(struct procspawn__worker *worker);

/* ---- dispatcher.c: the thread of a pool ---- */

/* Without the lock: starts the thread. 0 or -errno. */
int procspawn__dispatch_start(procspawn_pool *pool);
/* Without the lock: joins the thread, which ends when the pool has ended and no worker is left.
 * 0 or -ETIMEDOUT. */
int procspawn__dispatch_join(procspawn_pool *pool, int64_t deadline);
/* Has the dispatcher repeat what failed for a shortage, ten milliseconds from now. */
void procspawn__dispatch_again(procspawn_pool *pool);
/* Has the dispatcher ask servers for ends of workers after this pause, in nanoseconds. */
void procspawn__dispatch_beside(procspawn_pool *pool, int64_t pause);

/* ---- start.c: starts of workers ---- */

/* When the next worker may be started; BASE_NEVER: no worker is missing. */
int64_t procspawn__start_due(const procspawn_pool *pool);
/* Without the lock: one step of starting a worker; waits a short while for the server. */
void procspawn__start_worker(procspawn_pool *pool);
/* The pool ends because no worker can be started. The error is taken. Running calls go on. */
void procspawn__pool_fail(procspawn_pool *pool, procspawn_error *error);
/* A start failed. The error is taken. final: a further attempt cannot succeed. */
void procspawn__start_failed(procspawn_pool *pool, procspawn_error *error, bool final);
/* A child died before it read PREPARE: counts as failed start after many. The error is taken. */
void procspawn__start_unread(procspawn_pool *pool, procspawn_error *error);

#endif
