/*
 * terminate.h - messages to servers that end workers
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
void procspawn__worker_end(struct procspawn__worker *worker, int signal, int64_t grace);
/* The same for a call past its deadline: the server takes a backtrace first. */
void procspawn__worker_past_deadline(struct procspawn__worker *worker);
/* Sends all pending messages to servers. Releases the lock in between. */
void procspawn__pool_tell(procspawn_pool *pool);
/* Marks the messages that could not be sent as pending again. */
void procspawn__pool_tell_again(procspawn_pool *pool);

#endif
