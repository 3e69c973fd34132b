/*
 * terminate.h - notices to servers that they are to end workers
 */
#ifndef FORKSCOPE_POOL_TERMINATE_H
#define FORKSCOPE_POOL_TERMINATE_H

#include "src/pool/worker.h"
#include <forkscope/pool.h>
#include <stdint.h>

/* All functions: with the pool's lock held. */

/*
 * Has the server send the signal, and SIGKILL after the grace (nanoseconds). May be called again;
 * the server keeps the earliest time of the kill and the first cause.
 */
void procspawn__worker_terminate(struct procspawn__worker *worker, int signal, int64_t grace)
    REQUIRES(pool_lock);
/* The same for a call past one of its limits: the server takes a backtrace first. */
void procspawn__worker_time_out(struct procspawn__worker *worker) REQUIRES(pool_lock);
/* Says why a worker is about to be ended. The first one counts. */
void procspawn__worker_end_cause(struct procspawn__worker *worker, enum wire_end_cause cause)
    REQUIRES(pool_lock);
/* Sends all notices. Releases the lock in between. */
void procspawn__pool_send_notices(procspawn_pool *pool) REQUIRES(pool_lock);
/* Has the notices that could not be sent be sent again. */
void procspawn__pool_repeat_notices(procspawn_pool *pool) REQUIRES(pool_lock);

#endif
