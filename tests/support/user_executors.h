/*
 * scope_pool.h - executors of a user's: a pool with a queue, and one that runs tasks at once
 */
#ifndef FORKSCOPE_TESTS_SCOPE_POOL_H
#define FORKSCOPE_TESTS_SCOPE_POOL_H

#include <forkscope/executor.h>
#include <pthread.h>
#include <stdbool.h>

enum { POOL_QUEUE = 256, POOL_THREADS = 8 };

/*
 * Without threads, what is pushed stays in the queue until pool_run_one, pool_run_newest or
 * pool_close: a task that is waited for is run by who waits.
 */
struct pool {
    struct scoped_executor base;
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    struct {
        void (*run)(void *arg);
        void *arg;
    } queue[POOL_QUEUE];            /* a ring */
    unsigned first, count;
    unsigned thread_count;
    pthread_t threads[POOL_THREADS];
    bool closing;
    bool full;                      /* set by the test: refuses tasks */
};

void pool_open(struct pool *pool, unsigned threads);
void pool_close(struct pool *pool);     /* runs what is left */

/* On the calling thread: the task that was pushed first, or last. False: none is left. */
bool pool_run_one(struct pool *pool);
bool pool_run_newest(struct pool *pool);

/* Runs each task in the call that starts it. */
extern struct scoped_executor inline_executor;

#endif
