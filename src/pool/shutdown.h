/*
 * shutdown.h - ends a pool: at once, or after its calls
 */
#ifndef FORKSCOPE_POOL_SHUTDOWN_H
#define FORKSCOPE_POOL_SHUTDOWN_H

#include "src/pool/state.h"
#include <forkscope/pool.h>
#include <stdint.h>

/*
 * With the lock held, which is released in between: cancels all queued calls and kills the workers.
 */
void procspawn__pool_end(procspawn_pool *pool) REQUIRES(pool_lock);
/*
 * Without the lock: accepts no more calls, waits for the end of all calls, then kills the workers
 * and waits until they are gone. Returns as procspawn__pool_wait.
 */
int procspawn__pool_shut_down(procspawn_pool *pool, int event, int64_t deadline)
    EXCLUDES(pool_lock);

#endif
