/*
 * lifetime.c - a pool lives as long as its owner or a handle refers to it
 */
#include "src/pool/lifetime.h"

#include "src/base/fd.h"
#include "src/base/witness.h"
#include "src/call/builder.h"
#include "src/call/builder_snapshot.h"
#include "src/call/learning.h"
#include "src/call/request.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

static void free_memory(procspawn_pool *pool)
    NO_THREAD_SAFETY_ANALYSIS("no other thread uses the pool")
{
    procspawn__builder_free_copy(pool->process);
    free(pool->initializer);
    procspawn_error_free(pool->cause);
    base__witness_free(pool->witness);
    free(pool->workers);
    free(pool);
}

void procspawn__pool_destroy(procspawn_pool *pool)
    NO_THREAD_SAFETY_ANALYSIS("no other thread uses the pool")
{
    base__fd_close(pool->epoll);
    base__fd_close(pool->wake);
    base__fd_close(pool->end_event);
    base__fd_close(pool->room_fd);
    procspawn__learning_drop(pool->learning);
    if (pool->initializer)
        procspawn__request_fini(pool->initializer);
    procspawn__dispose_all(pool->remains);
    pthread_mutex_destroy(&pool->lock);
    free_memory(pool);
}

/*
 * In a child by fork(2). If a thread of the parent held the lock at the fork, the table may be
 * inconsistent, and the workers' memory is not freed. Nothing is closed: descriptors belong to the
 * parent, and their numbers may have been reused here.
 */
static void forget(procspawn_pool *pool) NO_THREAD_SAFETY_ANALYSIS("it tries to lock")
{
    bool whole = pthread_mutex_trylock(&pool->lock) == 0;

    for (unsigned i = 0; whole && i < pool->worker_count; i++)
        procspawn__worker_forget(pool->workers[i]);
    for (int i = 0; i < 3; i++)
        pool->process->stdio[i].fd = -1;
    procspawn__learning_forget(pool->learning);
    if (pool->initializer)
        procspawn__request_forget(pool->initializer);
    free_memory(pool);
}

void procspawn__pool_ref(procspawn_pool *pool)
{
    __atomic_add_fetch(&pool->references, 1, __ATOMIC_RELAXED);
}

void procspawn__pool_unref(procspawn_pool *pool)
{
    if (__atomic_sub_fetch(&pool->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (procspawn__pool_is_ours(pool))
        procspawn__pool_destroy(pool);
    else
        forget(pool);
}
