/*
 * start.h - starts of workers
 */
#ifndef FORKSCOPE_POOL_START_H
#define FORKSCOPE_POOL_START_H

#include "src/pool/state.h"
#include <forkscope/pool.h>
#include <stdint.h>

/* With the lock held: when the next worker may be started; BASE_NEVER: no worker is missing. */
int64_t procspawn__start_due(const procspawn_pool *pool) REQUIRES(pool_lock);
/* Without the lock: one step of starting a worker; waits a short while for the server. */
void procspawn__start_worker(procspawn_pool *pool) EXCLUDES(pool_lock);

#endif
