/*
 * lock.c - the lock of a pool, and what a thread does when it releases it
 */
#include "src/base/list.h"
#include "src/pool/pool.h"
#include <forkscope/pool.h>
#include <pthread.h>

void procspawn__pool_enter(procspawn_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
}

void procspawn__pool_unlock(procspawn_pool *pool)
{
    pthread_mutex_unlock(&pool->lock);
}

/* Without the lock. The functions may close descriptors, and close(2) is a cancellation point. */
static void dispose_all(struct procspawn__remains *remains)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    while (remains) {
        struct procspawn__remains *next = remains->next;
        remains->dispose(remains);
        remains = next;
    }
    pthread_setcancelstate(cancel, NULL);
}

/*
 * Once the lock is released the pool may be freed, so the list is taken out before. Each call in it
 * has a reference to the pool until it is disposed of.
 */
void procspawn__pool_leave(procspawn_pool *pool)
{
    if (!list_empty(&pool->tell))
        procspawn__pool_tell(pool);
    struct procspawn__remains *remains = pool->remains;
    pool->remains = NULL;
    procspawn__pool_unlock(pool);
    if (remains)
        dispose_all(remains);
}

void procspawn__pool_dispose_rest(procspawn_pool *pool)
{
    dispose_all(pool->remains);
}

void procspawn__pool_dispose(procspawn_pool *pool, struct procspawn__remains *remains,
                             void (*dispose)(struct procspawn__remains *remains))
{
    remains->dispose = dispose;
    remains->next = pool->remains;
    pool->remains = remains;
}
