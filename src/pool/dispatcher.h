/*
 * dispatcher.h - the thread of a pool: starts workers, enforces deadlines, shrinks the pool, and
 * receives the answers to calls that no thread joins
 */
#ifndef FORKSCOPE_POOL_DISPATCHER_H
#define FORKSCOPE_POOL_DISPATCHER_H

#include "src/pool/state.h"
#include <forkscope/pool.h>
#include <stdint.h>

/* Both functions: without the lock. */

/* Starts the thread. 0 or -errno. */
int procspawn__dispatch_start(procspawn_pool *pool) EXCLUDES(pool_lock);
/* Joins the thread, which ends when the pool has ended and no worker is left. 0 or -ETIMEDOUT. */
int procspawn__dispatch_join(procspawn_pool *pool, int64_t deadline) EXCLUDES(pool_lock);

#endif
