/*
 * receive.h - receives messages of workers and has the scheduler act upon them
 */
#ifndef FORKSCOPE_POOL_RECEIVE_H
#define FORKSCOPE_POOL_RECEIVE_H

#include "src/pool/worker.h"
#include <forkscope/pool.h>

/* All functions: with the pool's lock held, which they release in between. */

/*
 * Receives a number of messages and acts upon them. 0, also if another thread receives from the
 * worker; or a shortage of this process (-EMFILE, -ENOMEM ...): then a message is left in the
 * channel.
 */
int procspawn__worker_receive(struct procspawn__worker *worker) REQUIRES(pool_lock);
/* The same, but not while a joiner polls the channel; and for all workers that run a call. */
int procspawn__worker_try_receive(struct procspawn__worker *worker) REQUIRES(pool_lock);
void procspawn__pool_receive(procspawn_pool *pool) REQUIRES(pool_lock);
/*
 * Asks the worker's server for its end: the channel may have ended without DEATH, or be full of
 * other messages. Only in the dispatcher.
 */
void procspawn__worker_ask_end(struct procspawn__worker *worker) REQUIRES(pool_lock);

#endif
