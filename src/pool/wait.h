/*
 * wait.h - waiting for a pool as a whole
 */
#ifndef FORKSCOPE_POOL_WAIT_H
#define FORKSCOPE_POOL_WAIT_H

#include "src/pool/state.h"
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Without the lock: waits until reached(pool, idle_epoch at the beginning) is true. `event`: an
 * eventfd to sleep on, borrowed; -1: the function makes its own if it has to sleep. A cancellation
 * point. 0, -ETIMEDOUT, -ECANCELED, or why there is no eventfd.
 */
int procspawn__pool_wait(procspawn_pool *pool, int event, int64_t deadline,
                         bool (*reached)(const procspawn_pool *, uint64_t)) EXCLUDES(pool_lock);

#endif
