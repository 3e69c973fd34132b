/*
 * user_executors.c - two executors written by a user of the library
 */
#include "tests/support/user_executors.h"

#include <errno.h>

static int push(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    struct pool *pool = (struct pool *)self;
    int error = -EAGAIN;
    pthread_mutex_lock(&pool->mutex);
    if (!pool->full && pool->count < POOL_QUEUE) {
        unsigned place = (pool->first + pool->count++) % POOL_QUEUE;
        pool->queue[place].run = run;
        pool->queue[place].arg = arg;
        pthread_cond_signal(&pool->condition);
        error = 0;
    }
    pthread_mutex_unlock(&pool->mutex);
    return error;
}

/* Locked on entry and return, unlocked while the task runs. */
static void run_at(struct pool *pool, unsigned place)
{
    void (*run)(void *arg) = pool->queue[place].run;
    void *arg = pool->queue[place].arg;
    pthread_mutex_unlock(&pool->mutex);
    run(arg);
    pthread_mutex_lock(&pool->mutex);
}

static bool run_oldest(struct pool *pool)
{
    if (pool->count == 0)
        return false;
    unsigned place = pool->first;
    pool->first = (pool->first + 1) % POOL_QUEUE;
    pool->count--;
    run_at(pool, place);
    return true;
}

static void *pool_main(void *arg)
{
    struct pool *pool = arg;
    pthread_mutex_lock(&pool->mutex);
    while (run_oldest(pool) || !pool->closing) {
        while (pool->count == 0 && !pool->closing)
            pthread_cond_wait(&pool->condition, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

void pool_open(struct pool *pool, unsigned threads)
{
    *pool = (struct pool){ .base = { push }, .mutex = PTHREAD_MUTEX_INITIALIZER,
                           .condition = PTHREAD_COND_INITIALIZER, .thread_count = threads };
    for (unsigned i = 0; i < threads; i++)
        pthread_create(&pool->threads[i], NULL, pool_main, pool);
}

void pool_close(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->condition);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    while (pool_run_one(pool))
        continue;
    pthread_cond_destroy(&pool->condition);
    pthread_mutex_destroy(&pool->mutex);
}

bool pool_run_one(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool ran = run_oldest(pool);
    pthread_mutex_unlock(&pool->mutex);
    return ran;
}

bool pool_run_newest(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool runs = pool->count > 0;
    if (runs) {
        pool->count--;
        run_at(pool, (pool->first + pool->count) % POOL_QUEUE);
    }
    pthread_mutex_unlock(&pool->mutex);
    return runs;
}

static int run_now(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    (void)self;
    run(arg);
    return 0;
}

struct scoped_executor inline_executor = { run_now };
