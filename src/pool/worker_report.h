/*
 * worker_report.h - what a worker reports: one message of its channel, received and checked without
 * the pool's lock; and what it means for the worker's state, with the lock held
 *
 * A worker reports; the scheduler acts (schedule.h).
 */
#ifndef FORKSCOPE_POOL_WORKER_REPORT_H
#define FORKSCOPE_POOL_WORKER_REPORT_H

#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/pool/worker.h"
#include <stdbool.h>

/* A message that was received and checked. */
struct procspawn__worker_message {
    struct procspawn__incoming incoming;
    bool too_big;               /* RESULT, FAILURE: the worker uses more memory than allowed */
    struct procspawn__result_buffer results;    /* RESULT: a new buffer for later ones, or none */
    bool server_lost;           /* END: the server died; else the worker shut down its channel */
    struct procspawn__outcome outcome;    /* RESULT, FAILURE, BACKTRACE */
};

/*
 * Receives one message, if there is one. Without the pool's lock, in the receiving
 * thread: the bytes are untrusted, and decoding them may take long.
 */
void procspawn__worker_receive_message(struct procspawn__worker *worker,
                                       struct procspawn__worker_message *ret_message)
    EXCLUDES(pool_lock);

/* What has happened. The worker's call is still the worker's: the scheduler takes it away. */
enum procspawn__worker_happening {
    PROCSPAWN__WORKER_SILENT,   /* nothing that changes anything */
    PROCSPAWN__WORKER_PREPARED, /* it is set up and waits for the initializer */
    PROCSPAWN__WORKER_READY,    /* it waits for its first call */
    PROCSPAWN__WORKER_ANSWERED, /* its call has ended, and it waits for the next one */
    PROCSPAWN__WORKER_FAILED,   /* its call has ended, and it takes no other one */
    PROCSPAWN__WORKER_REFUSED,  /* it could not set up its call after an earlier one; as FAILED */
    PROCSPAWN__WORKER_UNREADY,  /* it could not set up itself, and ends */
    PROCSPAWN__WORKER_TRACED,   /* its backtrace came before the failure that it belongs to */
    PROCSPAWN__WORKER_BROKEN,   /* it does not keep to the protocol */
    PROCSPAWN__WORKER_LEFT      /* it is lost or gone */
};

struct procspawn__worker_report {
    enum procspawn__worker_happening what;
    bool recycle;               /* ANSWERED: it is ending, leaves, had its calls, or is too big */
    bool early;                 /* LEFT: before it had finished a call, and not by the pool */
    bool by_pool;               /* LEFT: the pool was ending it */
    bool unread;                /* LEFT: it never read the last message to it */
};

/* With the pool's lock held: applies a message to the worker's state. Does nothing else. */
struct procspawn__worker_report
procspawn__worker_report(struct procspawn__worker *worker,
                         const struct procspawn__worker_message *message) REQUIRES(pool_lock);

#endif
