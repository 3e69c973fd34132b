/*
 * lock.h - what a thread does when it releases the lock of a pool
 */
#ifndef FORKSCOPE_POOL_LOCK_H
#define FORKSCOPE_POOL_LOCK_H

#include "src/pool/state.h"
#include <forkscope/pool.h>

/*
 * Sends notices to servers, releases the lock, and frees unused objects. A thread that is
 * being cancelled calls procspawn__pool_unlock instead, and leaves that to the next one.
 */
void procspawn__pool_leave(procspawn_pool *pool) RELEASE(pool_lock);

#endif
