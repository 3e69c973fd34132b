/*
 * schedule.h - the scheduler of a pool: which call goes to which worker, and what follows from the
 * messages of workers and from failed starts
 *
 * It waits for nothing, receives nothing and never releases the lock. Workers that are to end are
 * marked (terminate.h).
 */
#ifndef FORKSCOPE_POOL_SCHEDULE_H
#define FORKSCOPE_POOL_SCHEDULE_H

#include "src/pool/job.h"
#include "src/pool/worker.h"
#include "src/pool/worker_report.h"
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <stdbool.h>

/* All functions: with the pool's lock held. */

/* ---- the queue ---- */

/* first: before those that wait, for the first of the idle workers (lease.h). */
void procspawn__pool_enqueue(struct procspawn__pool_call *call, bool first) REQUIRES(pool_lock);
/* Ends a queued call with this error, which is taken. */
void procspawn__pool_cancel_call(struct procspawn__pool_call *call, procspawn_error *error)
    REQUIRES(pool_lock);
/* Ends all queued calls with such errors. */
void procspawn__pool_cancel_queued(procspawn_pool *pool, enum procspawn_error_kind kind,
                                   const char *message) REQUIRES(pool_lock);
/* Sends calls as long as there are idle workers. */
void procspawn__pool_feed(procspawn_pool *pool) REQUIRES(pool_lock);

/* ---- what workers report ---- */

/* Acts upon a message. What it takes of the message's outcome it removes from there. */
void procspawn__schedule_act(struct procspawn__worker *worker,
                             struct procspawn__worker_message *message) REQUIRES(pool_lock);

/* ---- failed starts: errors are taken ---- */

/* The pool ends because no worker can be started. Running calls go on. */
void procspawn__pool_fail(procspawn_pool *pool, procspawn_error *error) REQUIRES(pool_lock);
/* A start failed. final: a further attempt cannot succeed. */
void procspawn__start_failed(procspawn_pool *pool, procspawn_error *error, bool final)
    REQUIRES(pool_lock);
/* A child died before it read PREPARE: counts as failed start after many. */
void procspawn__start_unread(procspawn_pool *pool, procspawn_error *error) REQUIRES(pool_lock);

#endif
