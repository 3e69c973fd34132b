/*
 * interest.h - which thread waits for the messages of a worker
 *
 * Each worker has a channel of its own and runs at most one call. Any thread may receive from the
 * channel. The thread that waits for its next message is
 *
 * - the joiner of the call: it polls the channel itself, so a call costs two messages and wakes no
 *   other thread. No other thread receives from the channel until it has ended; otherwise the
 *   joiner would miss the message and sleep for ever.
 * - the dispatcher: if no joiner polls and something depends on the end of the call: calls are
 *   queued, threads wait for the pool, the handle was freed, the handle's descriptor is in use, or
 *   it has a listener. Also if the worker is to end.
 * - otherwise none: the answer stays in the channel until one of the two above happens.
 *
 * The end of a channel always wakes the dispatcher.
 */
#ifndef FORKSCOPE_POOL_INTEREST_H
#define FORKSCOPE_POOL_INTEREST_H

#include "src/pool/worker.h"
#include <forkscope/pool.h>

/* All functions: with the pool's lock held. */

/* Adds the channel of a new worker to the dispatcher's set, 0 or -errno; and removes it. */
int procspawn__worker_watch(struct procspawn__worker *worker) REQUIRES(pool_lock);
void procspawn__worker_unwatch(struct procspawn__worker *worker) REQUIRES(pool_lock);
/* Has the dispatcher poll the channel of the worker, or of each one, if that is needed now. */
void procspawn__worker_update_interest(struct procspawn__worker *worker) REQUIRES(pool_lock);
void procspawn__pool_update_interest(procspawn_pool *pool) REQUIRES(pool_lock);
/* Take the channel out of the dispatcher's set until repeat_at; and put it back, if possible. */
void procspawn__worker_suspend(struct procspawn__worker *worker) REQUIRES(pool_lock);
void procspawn__worker_resume(struct procspawn__worker *worker) REQUIRES(pool_lock);
/* The joiner begins and ends to poll the channel. */
void procspawn__worker_begin_join(struct procspawn__worker *worker) REQUIRES(pool_lock);
void procspawn__worker_end_join(struct procspawn__worker *worker) REQUIRES(pool_lock);

#endif
