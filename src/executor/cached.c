/*
 * cached.c - the executor that keeps idle threads for later jobs
 *
 * A worker is one thread that is given one job at a time. A worker without a job is parked. The
 * worker parked last is used first, so that recently used threads are used again and surplus ones
 * reach their idle limit. Only the thread that takes a worker out of the parked list may give it a
 * job. A worker whose idle time is over ends only if it is still in that list. The executor's
 * mutex decides between the two.
 *
 * A worker that ends joins the one that ended before it. So at most one finished thread is left,
 * and scoped_executor_free joins it.
 */
#include "src/executor/cached.h"

#include "src/base/clock.h"
#include "src/base/guarded.h"
#include "src/base/process.h"
#include "src/base/signal_stack.h"
#include "src/base/thread.h"
#include "src/base/waiter.h"
#include "src/executor/attributes.h"
#include "src/executor/thread_state.h"

#include <errno.h>
#include <forkscope/error.h>
#include <stdlib.h>

extern struct base__lock cached_lock;

struct cached {
    struct scoped_executor base;
    struct attributes attributes;
    unsigned max_idle;          /* largest number of parked workers */
    int64_t idle_limit;         /* how long each is kept; 0: for ever */
    uint64_t process;           /* the process that its threads run in */

    pthread_mutex_t mutex;      /* guards what follows */
    struct list parked GUARDED_BY(cached_lock);
    unsigned parked_count GUARDED_BY(cached_lock);
    unsigned workers GUARDED_BY(cached_lock);
    bool closing GUARDED_BY(cached_lock);
    bool has_ended GUARDED_BY(cached_lock);     /* `ended` is a thread to join */
    pthread_t ended GUARDED_BY(cached_lock);
    struct waiter *closer;      /* of the thread that frees it; set with the mutex */
};

struct worker {
    struct cached *executor;
    struct list link;
    struct waiter *waiter;
    void (*run)(void *arg);     /* NULL: no job */
    void *arg;
};

static void lock(struct cached *cached) LOCKS(cached_lock)
{
    pthread_mutex_lock(&cached->mutex);
}

static void unlock(struct cached *cached) UNLOCKS(cached_lock)
{
    pthread_mutex_unlock(&cached->mutex);
}

static struct worker *take_parked(struct cached *cached) REQUIRES(cached_lock)
{
    if (list_empty(&cached->parked))
        return NULL;
    struct worker *worker = list_entry(cached->parked.next, struct worker, link);
    list_remove(&worker->link);
    cached->parked_count--;
    return worker;
}

static struct worker *worker_new(struct cached *cached, void (*run)(void *arg), void *arg)
{
    struct worker *worker = malloc(sizeof *worker);
    struct waiter *waiter = base__waiter_new();
    if (worker == NULL || waiter == NULL) {
        free(worker);
        base__waiter_free(waiter);
        return NULL;
    }
    *worker = (struct worker){ .executor = cached, .waiter = waiter, .run = run, .arg = arg };
    list_init(&worker->link);
    return worker;
}

static void worker_free(struct worker *worker)
{
    base__waiter_free(worker->waiter);
    free(worker);
}

/*
 * Clean-up of a worker's thread. It uses the executor for the last time under the mutex, which the
 * closer has to lock before it frees the executor.
 */
static void worker_ends(void *arg)
{
    struct worker *worker = arg;
    struct cached *cached = worker->executor;
    struct wakeups wakeups = { .count = 0 };
    base__stack_unwound();
    lock(cached);
    bool join = cached->has_ended;
    pthread_t before = cached->ended;
    cached->has_ended = true;
    cached->ended = pthread_self();
    if (join) {
        unlock(cached);
        pthread_join(before, NULL);
        lock(cached);
    }
    if (--cached->workers == 0)
        base__wake_later(&wakeups, cached->closer);
    unlock(cached);
    base__wakeups_send(&wakeups);
    worker_free(worker);
}

/* Locked: parks the worker if it may be used again. Returns whether it is parked. */
static bool park(struct cached *cached, struct worker *worker) REQUIRES(cached_lock)
{
    if (cached->closing || cached->parked_count >= cached->max_idle || executor__thread_spent())
        return false;
    worker->run = NULL;
    list_prepend(&cached->parked, &worker->link);
    cached->parked_count++;
    return true;
}

/*
 * Unparks a worker whose idle time is over. Returns false if another thread has taken it already
 * and is about to wake it.
 */
static bool leave(struct cached *cached, struct worker *worker)
{
    lock(cached);
    bool parked = !list_empty(&worker->link);
    if (parked) {
        list_remove(&worker->link);
        cached->parked_count--;
    }
    unlock(cached);
    return parked;
}

/* Waits for the worker's next job. Returns false if the worker has to end. */
static bool next_job(struct worker *worker)
{
    struct cached *cached = worker->executor;
    int64_t limit = cached->idle_limit;
    int64_t deadline = limit == 0 ? BASE_NEVER : base__deadline(limit);
    lock(cached);
    bool parked = park(cached, worker);
    unlock(cached);
    if (!parked)
        return false;
    if (base__park(worker->waiter, deadline) < 0 && !leave(cached, worker))
        base__park(worker->waiter, BASE_NEVER);
    return worker->run != NULL;
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    base__cancelable(false);
    pthread_cleanup_push(worker_ends, worker);
    base__signal_stack_begin();
    executor__attributes_apply(&worker->executor->attributes);
    do {
        worker->run(worker->arg);
        executor__thread_unname();
    } while (next_job(worker));
    pthread_cleanup_pop(1);
    return NULL;
}

/*
 * Joins the thread that ended last; returns whether there was one. Threads that are ending still
 * count against the system's limit: after thousands of cancels pthread_create may fail until they
 * are joined.
 */
static bool join_ended(struct cached *cached)
{
    lock(cached);
    bool join = cached->has_ended;
    pthread_t ended = cached->ended;
    cached->has_ended = false;
    unlock(cached);
    if (!join)
        return false;
    bool was_on = base__cancelable(false);
    pthread_join(ended, NULL);
    base__cancelable(was_on);
    return true;
}

static int start_worker(struct cached *cached, void (*run)(void *arg), void *arg)
{
    struct worker *worker = worker_new(cached, run, arg);
    if (worker == NULL)
        return -ENOMEM;
    lock(cached);
    cached->workers++;
    unlock(cached);
    pthread_t thread;
    int error = pthread_create(&thread, &cached->attributes.attr, worker_main, worker);
    if (error == EAGAIN && join_ended(cached))
        error = pthread_create(&thread, &cached->attributes.attr, worker_main, worker);
    if (error == 0)
        return 0;
    lock(cached);
    cached->workers--;
    unlock(cached);
    worker_free(worker);
    return -error;
}

static int execute(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    struct cached *cached = (struct cached *)self;
    struct wakeups wakeups = { .count = 0 };
    if (cached->process != base__process())
        return PROCSPAWN_ENOTOWNER;
    lock(cached);
    struct worker *worker = take_parked(cached);
    if (worker != NULL) {
        worker->run = run;
        worker->arg = arg;
        base__wake_later(&wakeups, worker->waiter);
    }
    unlock(cached);
    base__wakeups_send(&wakeups);
    return worker != NULL ? 0 : start_worker(cached, run, arg);
}

bool executor__is_cached(const struct scoped_executor *executor)
{
    return executor->execute == execute;
}

int scoped_cached_executor_new(const struct scoped_thread_attributes *attributes,
                               unsigned max_idle, int64_t idle_limit,
                               struct scoped_executor **ret_executor)
{
    if (idle_limit < 0)
        return -EINVAL;
    struct cached *cached = calloc(1, sizeof *cached);
    if (cached == NULL)
        return -ENOMEM;
    int error = executor__attributes_init(&cached->attributes, attributes);
    if (error < 0) {
        free(cached);
        return error;
    }
    cached->base.execute = execute;
    cached->max_idle = max_idle;
    cached->idle_limit = idle_limit;
    cached->process = base__process();
    pthread_mutex_init(&cached->mutex, NULL);
    list_init(&cached->parked);
    *ret_executor = &cached->base;
    return 0;
}

static void send_home(struct cached *cached, struct wakeups *wakeups) REQUIRES(cached_lock)
{
    struct worker *worker;
    cached->closing = true;
    while ((worker = take_parked(cached)) != NULL)
        base__wake_later(wakeups, worker->waiter);
}

/* Returns 0 when all workers have ended (one may still have to be joined), or -ETIMEDOUT. */
static int wait_workers(struct cached *cached, int64_t deadline)
{
    struct wakeups wakeups = { .count = 0 };
    int error = 0;
    lock(cached);
    if (cached->closer == NULL)
        cached->closer = base__waiter_new();
    send_home(cached, &wakeups);
    while (cached->workers > 0 && error == 0) {
        unlock(cached);
        base__wakeups_send(&wakeups);
        wakeups.count = 0;
        base__park(cached->closer, deadline);
        lock(cached);
        if (cached->workers > 0 && base__now() >= deadline)
            error = -ETIMEDOUT;
    }
    unlock(cached);
    return error;
}

static int end_workers(struct cached *cached, int64_t deadline)
    NO_THREAD_SAFETY_ANALYSIS("when all workers have ended, no other thread uses it")
{
    bool was_on = base__cancelable(false);
    int error = wait_workers(cached, deadline);
    if (error == 0 && cached->has_ended)
        error = base__join(cached->ended, deadline);
    base__cancelable(was_on);
    if (error < 0)
        return error;
    base__waiter_free(cached->closer);
    pthread_mutex_destroy(&cached->mutex);
    return 0;
}

/* In a forked process the threads do not exist, so only the memory is freed. */
int executor__cached_free(struct scoped_executor *executor, int64_t deadline)
{
    struct cached *cached = (struct cached *)executor;
    int error = cached->process == base__process() ? end_workers(cached, deadline) : 0;
    if (error < 0)
        return error;
    executor__attributes_fini(&cached->attributes);
    free(cached);
    return 0;
}
