/*
 * job.h - one call of a pool, as data
 */
#ifndef FORKSCOPE_POOL_JOB_H
#define FORKSCOPE_POOL_JOB_H

#include "src/base/guarded.h"
#include "src/base/list.h"
#include "src/call/handle.h"
#include "src/call/request.h"
#include "src/call/time_limits.h"
#include "src/pool/state.h"
#include "src/wire/protocol.h"
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 is no state: it marks events that are illegal in a state. */
enum procspawn__call_state {
    PROCSPAWN__CALL_BUG,
    PROCSPAWN__CALL_QUEUED,     /* it is new, or waits for a worker */
    PROCSPAWN__CALL_RUNNING,    /* a worker has it */
    PROCSPAWN__CALL_ENDED,      /* its outcome is known */
    PROCSPAWN__CALL_STATES
};

enum procspawn__call_event {
    PROCSPAWN__CALL_SENT,       /* to a worker */
    PROCSPAWN__CALL_RETURNED,   /* its worker did not begin it: it is to be sent again */
    PROCSPAWN__CALL_END,        /* its outcome is set */
    PROCSPAWN__CALL_EVENTS
};

/* The request of a call, kept as long as it may be sent. */
struct procspawn__pool_request {
    struct procspawn__remains remains;
    struct procspawn__request request;
};

struct procspawn__pool_call {
    procspawn_handle handle;
    struct procspawn__remains remains;
    procspawn_pool *pool;
    /* atomic: read without the lock for ENDED */
    enum procspawn__call_state state GUARDED_BY(pool_lock);
    struct procspawn__pool_request *request;    /* NULL: the call will not be sent again */
    struct list in_queue GUARDED_BY(pool_lock);
    struct procspawn__worker *worker GUARDED_BY(pool_lock);  /* RUNNING only */
    struct procspawn__worker *lessor;           /* until the call is queued; NULL: none */
    struct procspawn__time_limits limits;
    int64_t deadline;           /* when the total limit passes */
    int64_t run_until GUARDED_BY(pool_lock);  /* when the run limit passes; RUNNING only */
    /* failed set-ups in workers that had run other calls before */
    unsigned refusals GUARDED_BY(pool_lock);
    /* eventfd, readable when the call has ended; -1 until needed */
    int event GUARDED_BY(pool_lock);
    struct procspawn__listener *listener GUARDED_BY(pool_lock);  /* NULL: none */
    bool is_whole;              /* its request is sealed or in a worker's buffer, and its descriptors are open */
    bool dropped GUARDED_BY(pool_lock);  /* the handle was freed: the call is freed when it ends */
    size_t capture_limit;       /* 0: its output is not captured */
    void *input;                /* until the call is queued; NULL: none */
    size_t input_size;
};

/*
 * Without the lock: a new call, not queued, with a reference to the pool; NULL without memory.
 * `kind`: the functions of its handle.
 */
struct procspawn__pool_call *procspawn__pool_call_new(procspawn_pool *pool,
                                                      const struct procspawn__handle_kind *kind)
    EXCLUDES(pool_lock);
/* Without the lock: frees a call that was never queued; and one that has ended. */
void procspawn__pool_call_free(struct procspawn__pool_call *call) EXCLUDES(pool_lock);
void procspawn__pool_call_free_ended(struct procspawn__pool_call *call) EXCLUDES(pool_lock);
/* In a child by fork(2): frees its memory, and closes nothing. */
void procspawn__pool_call_forget(struct procspawn__pool_call *call);

/* ---- with the lock held ---- */

/* It was sent to this worker; the worker did not begin it. False: illegal, nothing changed. */
bool procspawn__pool_call_sent(struct procspawn__pool_call *call,
                               struct procspawn__worker *worker) REQUIRES(pool_lock);
bool procspawn__pool_call_returned(struct procspawn__pool_call *call) REQUIRES(pool_lock);
/*
 * The outcome is set: wakes the waiting threads. From then on the owner of its handle may free the
 * call.
 */
void procspawn__pool_call_end(struct procspawn__pool_call *call) REQUIRES(pool_lock);
/* When the next of its limits passes, and which one that is. */
int64_t procspawn__pool_call_until(const struct procspawn__pool_call *call) REQUIRES(pool_lock);
enum wire_limit_kind procspawn__pool_call_next_limit(const struct procspawn__pool_call *call)
    REQUIRES(pool_lock);
/* With or without the lock. */
bool procspawn__pool_call_has_ended(const struct procspawn__pool_call *call);
/* Gives up the request: the call will not be sent again. */
void procspawn__pool_call_drop_request(struct procspawn__pool_call *call) REQUIRES(pool_lock);

#endif
