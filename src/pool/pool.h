/*
 * pool.h - a pool from the inside
 *
 * Workers report, and what they report is carried out. One lock for each pool guards the table of
 * workers, the queue and the counts. While it is held nothing is done that can block, or that takes
 * time in proportion to what a worker sent:
 *
 * - What comes up the channel of a worker is received and judged without the lock, by one thread at
 *   a time (the worker is "heard"), and carried out under it: pool_report.c, pool_hear.c.
 * - What a server is to be told is noted in the worker, and sent by the thread that lets go of the
 *   lock: pool_tell.c.
 * - What has come to its end is disposed of by the thread that lets go of the lock: pool_lock.c.
 *
 * Each worker has a channel of its own, on which at most one call is out. Any thread may hear it,
 * so no message can be lost. The thread that waits for a message is
 *
 * - the joiner of the call (the worker is "followed"): it polls the channel itself, so that a call
 *   costs two messages and wakes no other thread. Until the channel has ended no other thread hears
 *   the worker, for the joiner would sleep on for ever.
 * - the dispatcher (the worker is "listened to"): when it is not followed, and something depends on
 *   the end of the call: others wait in the queue, or for the pool; or the handle is gone, or
 *   watched through its descriptor. And when the worker is to end.
 * - no thread, else: the answer waits until one of the two above comes.
 *
 * The end of a channel always wakes the dispatcher.
 */
#ifndef FORKSCOPE_PROC_POOL_H
#define FORKSCOPE_PROC_POOL_H

#include "src/base/list.h"
#include "src/base/witness.h"
#include "src/call/handle.h"
#include "src/call/outcome.h"
#include "src/call/request.h"
#include "src/client/awaits.h"
#include "src/client/take.h"
#include "src/client/taken.h"
#include "src/image/at_fini.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- pool_builder.c: what a pool is to be ---- */

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

/* Each says what enters it. */
enum procspawn__pool_state {
    PROCSPAWN__POOL_OPEN,       /* built */
    PROCSPAWN__POOL_CLOSING,    /* shutdown: no new calls */
    PROCSPAWN__POOL_ENDED       /* failed, killed, shut down, freed, or procspawn_fini */
};

/* Something that has come to its end: the first member of what it is. */
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
    bool failed;                /* no worker could be started: this is how it ended first */
    procspawn_error *cause;     /* of the last failed start */

    struct list queue;
    unsigned queued;
    unsigned calls;             /* made and not ended; atomic: it is read without the lock */
    struct procspawn__worker **workers;
    unsigned worker_count;
    struct list lost;           /* workers that left the table before they are known to be gone */
    struct list idle;           /* the one that ended a call last comes first */
    unsigned active;            /* workers at a call */
    unsigned wanted;            /* workers: between minimum and maximum; atomic as well */
    uint64_t last_serial;
    struct list tell;           /* workers whose servers are to be told something */
    struct list tell_later;     /* the same: a server could not be told just now */
    struct procspawn__remains *remains;

    struct list waiters;        /* threads that wait for the pool as a whole */
    uint64_t idle_epoch;        /* one more whenever the pool becomes idle */

    pthread_t dispatcher;
    bool dispatcher_joined;
    int end_event;              /* eventfd of the task that keeps the pool in a scope, or -1 */
    int epoll;
    int wake;                   /* eventfd: the dispatcher has something to think about */
    int64_t wake_at;            /* when it wakes by itself */
    int64_t again_at;           /* when it does again what a shortage did not allow */
    int64_t look_at;            /* when it looks whether its descriptors are still there */
    int64_t beside_at;          /* when it looks for words that come beside the channels */
    unsigned failures;          /* of starts, in a row */
    unsigned unread;            /* children that died before they read anything, in a row */
    int64_t retry_at;           /* no start before this moment */
    int shortage;               /* why the last start was put off: -errno, or 0 */
    int64_t shortage_pause;     /* how long it was */
    struct procspawn__wish wish;    /* the dispatcher's, for one more worker */
};

/* pool.c */
void procspawn__pool_wake(procspawn_pool *pool);
/* The dispatcher wakes at this moment at the latest. */
void procspawn__pool_wake_by(procspawn_pool *pool, int64_t when);
void procspawn__pool_unref(procspawn_pool *pool);
/* Or is this process a copy by fork(2) of the one that made the pool? Needs no lock. */
bool procspawn__pool_is_ours(const procspawn_pool *pool);
/* Hears all workers that are at a call. With the lock, which is let go in between. */
void procspawn__pool_look(procspawn_pool *pool);

/* Cancels what is queued and kills what runs. With the lock, which is let go in between. */
void procspawn__pool_end(procspawn_pool *pool);

/* pool_lock.c: letting go tells the servers, and disposes of what remains. */
void procspawn__pool_enter(procspawn_pool *pool);
void procspawn__pool_leave(procspawn_pool *pool);
/* Lets go and does nothing else: for a thread that is being cancelled. */
void procspawn__pool_unlock(procspawn_pool *pool);
void procspawn__pool_dispose(procspawn_pool *pool, struct procspawn__remains *remains,
                             void (*dispose)(struct procspawn__remains *remains));
/* Of a pool that nothing uses any more. */
void procspawn__pool_dispose_rest(procspawn_pool *pool);

/* pool_wait.c: waiting for the pool as a whole */

void procspawn__pool_changed(procspawn_pool *pool);
void procspawn__pool_became_idle(procspawn_pool *pool);
/* Without calls; without the lock. */
bool procspawn__pool_is_idle(const procspawn_pool *pool);
bool procspawn__pool_emptied(const procspawn_pool *pool, uint64_t unused);
bool procspawn__pool_idle_since(const procspawn_pool *pool, uint64_t epoch);
/* Sleeps on this eventfd, which is borrowed; -1: on one of its own, made when it has to sleep. */
int procspawn__pool_wait(procspawn_pool *pool, int event, int64_t deadline,
                         bool (*reached)(const procspawn_pool *, uint64_t));
/* Takes no more calls, waits for those that there are, then for the end of the workers. */
int procspawn__pool_shut_down(procspawn_pool *pool, int event, int64_t deadline);

/* ---- pool_call.c: one call of a pool ---- */

enum procspawn__call_state {
    PROCSPAWN__CALL_QUEUED,     /* made; or its worker died before it took the call */
    PROCSPAWN__CALL_RUNNING,    /* sent to a worker */
    PROCSPAWN__CALL_ENDED       /* the outcome is there */
};

/* What is to be sent of a call. */
struct procspawn__call_draft {
    struct procspawn__remains remains;
    struct procspawn__draft draft;
};

/* A stream of one call. */
struct procspawn__capture {
    int ends[2];                /* the pipe, while a worker has the call; else -1 */
    int memory;                 /* what came out of it; -1 if the stream is not captured */
    uint64_t length;            /* so far */
};

enum { PROCSPAWN__STREAMS = 4 };    /* of a worker, in epoll events: its channel, then its pipes */

struct procspawn__pool_call {
    procspawn_handle handle;
    struct procspawn__remains remains;
    procspawn_pool *pool;
    enum procspawn__call_state state;   /* atomic: read without the lock for ENDED */
    struct procspawn__call_draft *draft;    /* NULL: spent, or not needed any more */
    struct list in_queue;
    struct procspawn__worker *worker;   /* RUNNING only */
    int64_t deadline;
    unsigned refusals;          /* by workers that could not begin it any more */
    int event;                  /* eventfd, readable when the call has ended; -1 until wanted */
    bool dropped;               /* the handle was freed: the call frees itself */
    struct procspawn__capture capture[PROCSPAWN__STREAMS];  /* by number: only those of 1 and 2 */
};

struct procspawn__pool_call *procspawn__pool_call_new(procspawn_pool *pool);
/* Frees a call that was never queued. */
void procspawn__pool_call_free(struct procspawn__pool_call *call);
/* The outcome is there, and the waiting threads are told. The call belongs to its holder then. */
void procspawn__pool_call_end(struct procspawn__pool_call *call);
/* It will not be sent again. */
void procspawn__pool_call_spend(struct procspawn__pool_call *call);

/* ---- pool_capture.c ---- */

/* Gives a new call memory for what it will write, as planned. 0 or -errno; closed with the call. */
int procspawn__capture_open(struct procspawn__pool_call *call);
void procspawn__capture_close(struct procspawn__pool_call *call);
/* With the lock: pipes for the worker that gets the call, 0 or -errno; and their end. */
int procspawn__capture_start(struct procspawn__pool_call *call, uint64_t serial);
void procspawn__capture_stop(struct procspawn__pool_call *call);
bool procspawn__capture_runs(const struct procspawn__pool_call *call);
/* Takes in what is there. Without the lock, by the thread that hears the worker. */
void procspawn__capture_drain(struct procspawn__pool_call *call);

/* ---- pool_queue.c: calls meet workers ---- */

void procspawn__pool_enqueue(struct procspawn__pool_call *call);
void procspawn__pool_requeue(struct procspawn__pool_call *call);
/* Ends a queued call with this error, which is taken. */
void procspawn__pool_expel(struct procspawn__pool_call *call, procspawn_error *error);
void procspawn__pool_expel_all(procspawn_pool *pool, enum procspawn_error_kind kind,
                               const char *message);
/* Hands out calls while there are idle workers. */
void procspawn__pool_feed(procspawn_pool *pool);

/* ---- pool_worker.c: the table of workers, and their states ---- */

/* 0 is not a state: it stands for events that cannot happen. */
enum procspawn__worker_state {
    PROCSPAWN__WORKER_BUG,
    PROCSPAWN__WORKER_STARTING, /* taken; it prepares itself */
    PROCSPAWN__WORKER_IDLE,
    PROCSPAWN__WORKER_RUNNING,  /* a call was sent */
    PROCSPAWN__WORKER_ENDING,   /* to be ended, or it said that it leaves: its death is to come */
    PROCSPAWN__WORKER_LOST,     /* its channel ended without a word of its death */
    PROCSPAWN__WORKER_GONE,
    PROCSPAWN__WORKER_STATES
};

enum procspawn__worker_event {
    PROCSPAWN__EV_READY,        /* it has prepared itself */
    PROCSPAWN__EV_CALL,         /* it was sent a call */
    PROCSPAWN__EV_ANSWER,       /* it has answered and waits for the next call */
    PROCSPAWN__EV_END,          /* we end it, or it said that it leaves */
    PROCSPAWN__EV_CUT,          /* the end of its channel */
    PROCSPAWN__EV_DEATH,
    PROCSPAWN__WORKER_EVENTS
};

/* What the server of a worker is still to be told. */
struct procspawn__worker_end {
    uint64_t signals;           /* bit n: signal n */
    int64_t kill_at;            /* the earliest of theirs */
    bool limit;                 /* the call is past its deadline */
    bool limit_first;           /* and was so before the signals */
};

struct procspawn__worker {
    struct procspawn__remains remains;
    procspawn_pool *pool;
    struct procspawn__taken taken;
    enum procspawn__worker_state state;
    unsigned references;        /* the table's, and one for each thread that uses the worker */
    uint64_t serial;            /* in epoll events, times PROCSPAWN__STREAMS */
    uint64_t generation;        /* of the last CALL */
    uint64_t ended_calls;
    struct procspawn__pool_call *call;  /* whose answer is to come, in RUNNING and ENDING */
    struct procspawn__answer start;     /* what went wrong outside of calls */
    bool heard;                 /* by a thread, which alone uses the channel, frame and statm */
    bool followed;
    bool watched;               /* the channel is in the dispatcher's set */
    bool listened;
    bool deaf;                  /* for a shortage it is not watched until again_at */
    bool left_unread;           /* the last message to it: the kernel's word at its end */
    bool killed;                /* by SIGKILL, which nothing can sharpen */
    bool overdue;               /* its server has the deadline of its call */
    bool told;                  /* a thread tells its server something just now */
    bool crowded;               /* there is always more in its channel: its death may not fit in */
    struct procspawn__await await;  /* for word of its end beside the channel; the dispatcher's */
    struct procspawn__worker_end end;
    struct list in_tell;
    struct wire_frame frame;    /* the message at hand */
    int statm;                  /* /proc/.../statm, -1 until wanted */
    int64_t idle_until;         /* then the pool may shrink by it */
    struct list in_idle;
    struct list in_lost;
};

/* A worker that has been sent its PREPARE. Takes the child; 0 or -errno. */
int procspawn__worker_add(procspawn_pool *pool, const struct procspawn__taken *taken);
struct procspawn__worker *procspawn__worker_find(const procspawn_pool *pool, uint64_t serial);
void procspawn__worker_ref(struct procspawn__worker *worker);
void procspawn__worker_unref(struct procspawn__worker *worker);
/* In a copy of the process by fork(2): frees its memory. */
void procspawn__worker_forget(struct procspawn__worker *worker);
/* The only place where a worker's state changes; false: not by this event. */
bool procspawn__worker_step(struct procspawn__worker *worker, enum procspawn__worker_event event);
/* Sends a call to an idle worker. 0; -EPIPE: this worker is none any more; or another -errno. */
int procspawn__worker_start(struct procspawn__worker *worker, struct procspawn__pool_call *call);
/* It is gone or lost, and leaves the table. */
void procspawn__worker_leave(struct procspawn__worker *worker);
/* One that was lost is gone. */
void procspawn__worker_bury(struct procspawn__worker *worker);
/* Has the dispatcher listen if it must. */
void procspawn__worker_attend(struct procspawn__worker *worker);
/* The dispatcher does not listen until again_at; and again, as far as the shortage allows it. */
void procspawn__worker_deafen(struct procspawn__worker *worker);
void procspawn__worker_undeafen(struct procspawn__worker *worker);
void procspawn__worker_follow(struct procspawn__worker *worker);
void procspawn__worker_unfollow(struct procspawn__worker *worker);

/* ---- pool_tell.c: ends, and how the servers hear of them ---- */

/* A sharper end follows a softer one; the server keeps the earlier moment and the first cause. */
void procspawn__worker_end(struct procspawn__worker *worker, int signal, int64_t grace);
/* The same for a call that took too long, with a look at where it hangs. */
void procspawn__worker_past_deadline(struct procspawn__worker *worker);
/* Tells the servers what there is to tell. With the lock, which is let go in between. */
void procspawn__pool_tell(procspawn_pool *pool);
/* Servers that could not be told are to be told again. */
void procspawn__pool_tell_again(procspawn_pool *pool);

/* ---- pool_report.c: what one message says, received and judged without the lock ---- */

enum procspawn__report_kind {
    PROCSPAWN__REPORT_NOTHING,  /* there is none now, or a shortage keeps it from being received */
    PROCSPAWN__REPORT_IGNORED,  /* from a stranger, or of no meaning */
    PROCSPAWN__REPORT_BROKEN,   /* from the worker, and no message that it may send */
    PROCSPAWN__REPORT_RESULT,
    PROCSPAWN__REPORT_FAILURE,
    PROCSPAWN__REPORT_BACKTRACE,
    PROCSPAWN__REPORT_DEATH,
    PROCSPAWN__REPORT_END       /* of the channel, or it cannot be used any more */
};

struct procspawn__report {
    enum procspawn__report_kind kind;
    int error;                  /* of NOTHING: 0 or a shortage */
    uint64_t generation;        /* of the call that it belongs to */
    bool stays;                 /* the worker waits for its next call */
    bool was_reset;
    bool too_big;               /* the worker, after its call */
    bool server_lost;           /* of END: else the worker has cut its channel itself */
    bool closed;                /* of END: the program has closed the channel */
    struct procspawn__answer answer;    /* of RESULT, FAILURE and BACKTRACE */
    struct wire_death death;
};

/* Receives one message, if there is one. By the thread alone that hears the worker. */
void procspawn__report_receive(struct procspawn__worker *worker, struct procspawn__report *report);

/* ---- pool_hear.c: what becomes of it ---- */

/*
 * Hears a worker: receives some of what it sent, and carries it out. With the lock, which is let go
 * in between. 0, or a shortage of this process (-EMFILE, -ENOMEM ...), for which a message stays.
 */
int procspawn__worker_hear(struct procspawn__worker *worker);
/* Takes in what its call has written, unless another thread hears it. The same with the lock. */
void procspawn__worker_drain(struct procspawn__worker *worker);
/*
 * Looks for word of the worker's end beside its channel, which may have ended before, or may be full
 * of other words. By the dispatcher alone, with the lock, which is let go in between.
 */
void procspawn__worker_look_beside(struct procspawn__worker *worker);
/* As procspawn__worker_hear, unless the worker is followed. */
int procspawn__worker_look(struct procspawn__worker *worker);

/* ---- pool_dispatch.c: the thread ---- */

int procspawn__dispatch_start(procspawn_pool *pool);
/* The thread ends when the pool has ended and no worker is left. 0 or -ETIMEDOUT. */
int procspawn__dispatch_join(procspawn_pool *pool, int64_t deadline);
/* Something is to be done again in a moment. */
void procspawn__dispatch_again(procspawn_pool *pool);
/* Some worker's end may be told beside its channel, which is looked at after this pause. */
void procspawn__dispatch_beside(procspawn_pool *pool, int64_t pause);

/* ---- pool_start.c: starts of workers ---- */

/* Is it the want of something that may be there in a moment? */
bool procspawn__is_shortage(int rc);

/* When the next one may be started; BASE_NEVER: none is missing. */
int64_t procspawn__start_due(const procspawn_pool *pool);
/* One step towards one more worker. Without the lock. */
void procspawn__start_worker(procspawn_pool *pool);
/* No worker can be had any more; the error is taken. Those that there are go on. */
void procspawn__pool_fail(procspawn_pool *pool, procspawn_error *error);
/* A start failed. The error is taken; final: there is no use in trying again. */
void procspawn__start_failed(procspawn_pool *pool, procspawn_error *error, bool final);
/* The child died before it read what it was to be: a failure if there are many. The same error. */
void procspawn__start_unread(procspawn_pool *pool, procspawn_error *error);

#endif
