/*
 * lock.c - what a thread does when it releases the lock of a pool
 */
#include "src/pool/lock.h"

#include "src/base/list.h"
#include "src/base/thread.h"
#include "src/pool/state.h"
#include "src/pool/terminate.h"
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stddef.h>

/* A notice that cannot be sent wakes the dispatcher with the lock held; write(2) can be
 * cancelled. */
static void send_notices(procspawn_pool *pool) REQUIRES(pool_lock)
{
    bool cancelable = base__cancelable(false);

    procspawn__pool_send_notices(pool);
    base__cancelable(cancelable);
}

/*
 * Once the lock is released the pool may be freed, so the list is taken out before. Each call in it
 * has a reference to the pool until it is disposed of.
 */
void procspawn__pool_leave(procspawn_pool *pool)
{
    if (!list_empty(&pool->notices))
        send_notices(pool);
    struct procspawn__remains *remains = pool->remains;
    pool->remains = NULL;
    procspawn__pool_unlock(pool);
    if (remains)
        procspawn__dispose_all(remains);
}
