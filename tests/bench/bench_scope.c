/*
 * bench_scope.c - tasks compared with plain threads
 */
#include "tests/bench/measure.h"

#include <forkscope/scope.h>
#include <pthread.h>
#include <unistd.h>

enum { BATCH = 50, LIVE = 10000, STACK = 64 << 10 };

static scoped_spawner root;
static struct scoped_executor *executor;

static int nothing(scoped_spawner self, void *arg)
{
    (void)self, (void)arg;
    return 0;
}

static int block(void *arg)
{
    (void)arg;
    pause();
    return 0;
}

static void *thread_nothing(void *arg)
{
    return arg;
}

static void *thread_block(void *arg)
{
    pause();
    return arg;
}

/* ---- one task after the other ---- */

static bool open_threads(void)
{
    return scoped_spawner_open(NULL, &root) == 0;
}

static bool open_cached(void)
{
    return scoped_cached_executor_new(NULL, 4, 0, &executor) == 0 &&
           scoped_spawner_open(executor, &root) == 0;
}

static bool spawn_and_wait(void)
{
    struct scoped_parent_signals signals;
    if (scoped_spawn_with_signal(root, nothing, NULL, NULL, &signals) < 0)
        return false;
    int error = scoped_done_receiver_wait(signals.done_receiver);
    scoped_cancel_sender_forget(signals.cancel_sender);
    scoped_done_receiver_free(signals.done_receiver);
    return error == 0;
}

static bool create_and_join(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, thread_nothing, NULL) == 0 &&
           pthread_join(thread, NULL) == 0;
}

static double batch(bool (*once)(void))
{
    double begin = bench_now();
    for (int i = 0; i < BATCH; i++) {
        if (!once())
            return -1;
    }
    return (bench_now() - begin) / BATCH;
}

static double tasks(void)
{
    return batch(spawn_and_wait);
}

static double threads(void)
{
    return batch(create_and_join);
}

/* ---- thousands at a time ---- */

static bool new_small_stacks(void)
{
    struct scoped_thread_attributes small = { .stack_size = STACK };
    return scoped_thread_executor_new(&small, &executor) == 0;
}

static double cancel_tasks(void)
{
    double begin = bench_now();
    if (scoped_spawner_open(executor, &root) < 0)
        return -1;
    for (int i = 0; i < LIVE; i++) {
        if (scoped_spawn_leaf(root, block, NULL, NULL) < 0)
            return -1;
    }
    if (scoped_cancel_close(root, SCOPED_FOREVER, NULL) < 0)
        return -1;
    return (bench_now() - begin) / LIVE;
}

static double cancel_threads(void)
{
    static pthread_t live[LIVE];
    pthread_attr_t attr;
    double begin = bench_now();
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    for (int i = 0; i < LIVE; i++) {
        if (pthread_create(&live[i], &attr, thread_block, NULL) != 0)
            return -1;
    }
    for (int i = 0; i < LIVE; i++)
        pthread_cancel(live[i]);
    for (int i = 0; i < LIVE; i++)
        pthread_join(live[i], NULL);
    pthread_attr_destroy(&attr);
    return (bench_now() - begin) / LIVE;
}

const struct pair bench_scope_pairs[] = {
    { .name = "scope.thread.vs_pthread",
      .subject = { "scoped_spawn_with_signal+wait", open_threads, tasks },
      .baseline = { "pthread_create+pthread_join", NULL, threads },
      .samples = 400, .quick_samples = 100 },
    { .name = "scope.cached.vs_pthread",
      .subject = { "scoped_spawn_with_signal+wait, cached", open_cached, tasks },
      .baseline = { "pthread_create+pthread_join", NULL, threads },
      .samples = 400, .quick_samples = 100 },
    { .name = "scope.cancel10k.vs_pthread",
      .subject = { "10000 tasks, scoped_cancel_close", new_small_stacks, cancel_tasks },
      .baseline = { "10000 pthread_create, cancel, join", NULL, cancel_threads },
      .samples = 9, .quick_samples = 3 },
    { .name = NULL }
};
