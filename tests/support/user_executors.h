/*
 * user_executors.h - executors as a user writes them: a pool with a queue, and one that runs tasks
 * at once
 */
#ifndef FORKSCOPE_SUPPORT_USER_EXECUTORS_H
#define FORKSCOPE_SUPPORT_USER_EXECUTORS_H

#include <forkscope/executor.h>
#include <pthread.h>
#include <stdbool.h>

enum { POOL_QUEUE = 256, POOL_THREADS = 8 };

/*
 * Without threads, tasks stay in the queue until pool_run_one, pool_run_newest or pool_close; a
 * task that another one waits for is run by the waiter.
 */
struct pool {
    struct scoped_executor base;
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    struct {
        void (*run)(void *arg);
        void *arg;
    } queue[POOL_QUEUE];            /* a ring buffer */
    unsigned first, count;
    unsigned thread_count;
    pthread_t threads[POOL_THREADS];
    bool closing;
    bool full;                      /* set by the test: the pool refuses tasks */
};

void pool_open(struct pool *pool, unsigned threads);
void pool_close(struct pool *pool);     /* runs the tasks that are left */

/* Run the oldest or the newest task on the calling thread. Return false if none is left. */
bool pool_run_one(struct pool *pool);
bool pool_run_newest(struct pool *pool);

/* Runs each task in the call that starts it. */
extern struct scoped_executor inline_executor;

#endif
