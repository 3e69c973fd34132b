/*
 * pool.h - a pool from the inside
 *
 * One lock for each pool guards everything here; it is never held while anything blocks. Each
 * worker has a channel of its own, on which at most one call is out. Whoever holds the lock may
 * take in what came up a channel, so no message can be lost or stolen; the question is only who
 * waits for it:
 *
 * - the joiner of the call (the worker is "followed"): it polls the channel itself, so that a call
 *   costs two messages and wakes nobody else. Until the channel has ended nobody takes in its
 *   messages but the joiner, who could sleep on for ever otherwise.
 * - the dispatcher (the worker is "listened to"): when nobody follows, and something depends on the
 *   end of the call: others wait in the queue, or for the pool; or the handle is gone, or watched
 *   through its descriptor.
 * - nobody, else: the answer waits until one of the two above comes.
 *
 * The end of a channel, which is the end of the worker, always wakes the dispatcher.
 */
#ifndef FORKSCOPE_PROC_POOL_H
#define FORKSCOPE_PROC_POOL_H

#include "src/base/list.h"
#include "src/proc/handle.h"
#include <forkscope/pool.h>

/* ---- pool_builder.c: what a pool is to be ---- */

struct procspawn__pool_plan {
    unsigned minimum;
    unsigned maximum;
    int64_t idle_timeout;
    uint64_t recycle_calls;
    uint64_t recycle_bytes;
    bool capture[3];
    unsigned attempts;
};

struct procspawn_pool_builder {
    struct procspawn__pool_plan plan;
    procspawn_builder *process;
};

/* ---- the pool ---- */

/* Each says what enters it. */
enum procspawn__pool_state {
    PROCSPAWN__POOL_OPEN,       /* built */
    PROCSPAWN__POOL_CLOSING,    /* shutdown: no new calls */
    PROCSPAWN__POOL_ENDED       /* failed, killed, shut down, freed, or procspawn_fini */
};

struct procspawn_pool {
    pthread_mutex_t lock;
    unsigned references;        /* the owner's, and one for each handle */
    struct list in_registry;
    pid_t owner;
    struct procspawn__pool_plan plan;
    procspawn_builder *process;
    enum procspawn__pool_state state;
    bool failed;                /* no worker could be started any more: this is how it ended first */
    procspawn_error *cause;     /* of the last failed start */

    struct list queue;
    unsigned queued;
    struct procspawn__worker **workers;
    unsigned worker_count;
    struct list idle;           /* who was at a call last comes first */
    unsigned active;            /* workers at a call */
    unsigned wanted;            /* workers: between minimum and maximum */
    uint64_t last_serial;

    struct list waiters;        /* who waits for the pool as a whole */
    uint64_t idle_epoch;        /* one more whenever the pool becomes idle */

    pthread_t dispatcher;
    bool dispatcher_joined;
    int end_event;              /* eventfd of who keeps the pool in a scope, -1 if nobody does */
    int epoll;
    int wake;                   /* eventfd: the dispatcher has something to think about */
    int64_t wake_at;            /* when it wakes by itself */
    unsigned failures;          /* of starts, in a row */
    unsigned unread;            /* children that died before they read anything, in a row */
    int64_t retry_at;           /* no start before this moment */
    struct procspawn__wish wish;    /* the dispatcher's, for one more worker */
    struct wire_frame frame;    /* the message at hand */
};

/* pool.c */
void procspawn__pool_wake(procspawn_pool *pool);
void procspawn__pool_unref(procspawn_pool *pool);   /* without the lock */
void procspawn__pool_look(procspawn_pool *pool);    /* takes in what is there */

/* pool_wait.c: waiting for the pool as a whole */
void procspawn__pool_changed(procspawn_pool *pool);
void procspawn__pool_became_idle(procspawn_pool *pool);
bool procspawn__pool_emptied(const procspawn_pool *pool, uint64_t unused);
int procspawn__pool_wait(procspawn_pool *pool, int64_t deadline,
                         bool (*reached)(const procspawn_pool *, uint64_t));
bool procspawn__pool_idle_since(const procspawn_pool *pool, uint64_t epoch);

/* ---- pool_call.c: one call of a pool ---- */

enum procspawn__call_state {
    PROCSPAWN__CALL_QUEUED,     /* made; or its worker died before it took the call */
    PROCSPAWN__CALL_RUNNING,    /* sent to a worker */
    PROCSPAWN__CALL_ENDED       /* the outcome is there */
};

struct procspawn__pool_call {
    procspawn_handle handle;
    procspawn_pool *pool;
    enum procspawn__call_state state;
    struct procspawn__draft draft;
    struct list in_queue;
    struct procspawn__worker *worker;   /* RUNNING only */
    int64_t deadline;
    int event;                  /* eventfd, readable when the call has ended; -1 until wanted */
    bool dropped;               /* the handle was freed: the call frees itself */
};

struct procspawn__pool_call *procspawn__pool_call_new(procspawn_pool *pool);
/* Frees a call that was never queued. */
void procspawn__pool_call_free(struct procspawn__pool_call *call);
/* The outcome is there: whoever waits is told. A dropped call is gone then. */
void procspawn__pool_call_end(struct procspawn__pool_call *call);

/* ---- pool_capture.c ---- */

/* Gives the call streams of its own, as planned. 0 or -errno. */
int procspawn__pool_capture(struct procspawn__pool_call *call);

/* ---- pool_queue.c: calls meet workers ---- */

void procspawn__pool_enqueue(struct procspawn__pool_call *call);
void procspawn__pool_requeue(struct procspawn__pool_call *call);
/* Ends a queued call with this error, which is taken. */
void procspawn__pool_expel(struct procspawn__pool_call *call, procspawn_error *error);
void procspawn__pool_expel_all(procspawn_pool *pool, enum procspawn_error_kind kind,
                               const char *message);
/* Hands out calls while there are idle workers. */
void procspawn__pool_feed(procspawn_pool *pool);

/* ---- pool_worker.c ---- */

/* 0 is not a state: it stands for events that cannot happen. */
enum procspawn__worker_state {
    PROCSPAWN__WORKER_BUG,
    PROCSPAWN__WORKER_STARTING, /* taken; it prepares itself */
    PROCSPAWN__WORKER_IDLE,
    PROCSPAWN__WORKER_RUNNING,  /* a call was sent */
    PROCSPAWN__WORKER_ENDING,   /* killed, or it said that it leaves: its death is to come */
    PROCSPAWN__WORKER_GONE,
    PROCSPAWN__WORKER_STATES
};

struct procspawn__worker {
    procspawn_pool *pool;
    struct procspawn__taken taken;
    enum procspawn__worker_state state;
    unsigned references;        /* the pool's, and that of who follows */
    uint64_t serial;            /* in epoll events */
    uint64_t generation;        /* of the last CALL */
    uint64_t ended_calls;
    struct procspawn__pool_call *call;  /* whose answer is to come, in RUNNING and ENDING */
    struct procspawn__answer start;     /* what went wrong outside of calls */
    bool followed;
    bool listened;
    bool left_unread;           /* the last message to it: the kernel's word at its end */
    int statm;                  /* /proc/.../statm, -1 until wanted */
    int64_t idle_until;         /* then the pool may shrink by it */
    struct list in_idle;
};

/* A worker that has been sent its PREPARE. Takes the child; 0 or -errno. */
int procspawn__worker_add(procspawn_pool *pool, const struct procspawn__taken *taken);
struct procspawn__worker *procspawn__worker_find(const procspawn_pool *pool, uint64_t serial);
/* Sends a call to an idle worker. 0; -EPIPE: this worker is none any more; or another -errno. */
int procspawn__worker_start(struct procspawn__worker *worker, struct procspawn__pool_call *call);
/* Takes in what came. Stops after an answer. */
void procspawn__worker_pump(struct procspawn__worker *worker);
/* The same unless somebody follows. */
void procspawn__worker_look(struct procspawn__worker *worker);
/* Ends a worker; past_deadline: for a call that took too long, with a look at where it hangs. */
void procspawn__worker_end(struct procspawn__worker *worker, int signal, int64_t grace);
void procspawn__worker_past_deadline(struct procspawn__worker *worker);
/* Has the dispatcher listen if it must. */
void procspawn__worker_attend(struct procspawn__worker *worker);
void procspawn__worker_follow(struct procspawn__worker *worker);
void procspawn__worker_unfollow(struct procspawn__worker *worker);

/* ---- pool_dispatch.c: the thread ---- */

int procspawn__dispatch_start(procspawn_pool *pool);
/* The thread ends when the pool has ended and no worker is left. 0 or -ETIMEDOUT. */
int procspawn__dispatch_join(procspawn_pool *pool, int64_t deadline);
/* A start failed. The error is taken; final: there is no use in trying again. */
void procspawn__start_failed(procspawn_pool *pool, procspawn_error *error, bool final);
/* The child died before it read what it was to be: a failure if there are many. The same error. */
void procspawn__start_unread(procspawn_pool *pool, procspawn_error *error);

#endif
