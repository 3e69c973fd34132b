/*
 * pool.c - builds, ends and frees pools, and counts their calls
 */
#include "src/pool/pool.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/witness.h"
#include "src/call/builder.h"
#include "src/call/builder_snapshot.h"
#include "src/call/caller_state.h"
#include "src/error/error.h"
#include "src/image/at_fini.h"
#include "src/image/image.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

bool procspawn__pool_is_ours(const procspawn_pool *pool)
{
    return base__witness_here(pool->witness);
}

static void free_memory(procspawn_pool *pool)
{
    procspawn__builder_free_copy(pool->process);
    procspawn_error_free(pool->cause);
    base__witness_free(pool->witness);
    free(pool->workers);
    free(pool);
}

static void destroy(procspawn_pool *pool)
{
    base__fd_close(pool->epoll);
    base__fd_close(pool->wake);
    base__fd_close(pool->end_event);
    procspawn__pool_dispose_rest(pool);
    pthread_mutex_destroy(&pool->lock);
    free_memory(pool);
}

/*
 * In a child by fork(2). If a thread of the parent held the lock at the fork, the table may be
 * inconsistent, and the workers' memory is not freed. Nothing is closed: descriptors belong to the
 * parent, and their numbers may have been reused here.
 */
static void forget(procspawn_pool *pool)
{
    bool whole = pthread_mutex_trylock(&pool->lock) == 0;

    for (unsigned i = 0; whole && i < pool->worker_count; i++)
        procspawn__worker_forget(pool->workers[i]);
    for (int i = 0; i < 3; i++)
        pool->process->stdio[i].fd = -1;
    free_memory(pool);
}

void procspawn__pool_unref(procspawn_pool *pool)
{
    if (__atomic_sub_fetch(&pool->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (procspawn__pool_is_ours(pool))
        destroy(pool);
    else
        forget(pool);
}

static int open_descriptors(procspawn_pool *pool)
{
    struct epoll_event event = { .events = EPOLLIN };
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    pool->epoll = epoll < 0 ? -errno : base__fd_own(epoll);
    if (pool->epoll < 0)
        return pool->epoll;
    pool->wake = base__event();
    if (pool->wake < 0)
        return pool->wake;
    return epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->wake, &event) < 0 ? -errno : 0;
}

static int fill(procspawn_pool *pool, const procspawn_pool_builder *builder)
{
    int rc = procspawn__builder_copy(builder->process, &pool->process);
    if (rc < 0)
        return rc;
    pool->witness = base__witness_new();
    pool->workers = calloc(pool->plan.maximum, sizeof(struct procspawn__worker *));
    if (!pool->witness || !pool->workers)
        return -ENOMEM;
    return open_descriptors(pool);
}

/* procspawn_fini may close the pool before its thread has started: then the thread ends at once. */
static int start(procspawn_pool *pool)
{
    int rc = procspawn__at_fini_add(&pool->at_fini);
    if (rc < 0)
        return rc;
    rc = procspawn__dispatch_start(pool);
    if (rc < 0)
        procspawn__at_fini_withdraw(&pool->at_fini);
    else
        procspawn__at_fini_release(&pool->at_fini);
    return rc;
}

static bool valid_stream(const struct procspawn__stream *stream)
{
    return stream->mode == PROCSPAWN_STDIO_INHERIT || stream->mode == PROCSPAWN_STDIO_NULL ||
           stream->mode == PROCSPAWN_STDIO_FD;
}

static bool valid(const procspawn_pool_builder *builder)
{
    for (int i = 0; i < 3; i++) {
        if (!valid_stream(&builder->process->stdio[i]))
            return false;
    }
    return builder->plan.maximum > 0 && builder->plan.minimum <= builder->plan.maximum &&
           builder->plan.idle_timeout >= 0;
}

static procspawn_pool *pool_of(struct procspawn__at_fini *item)
{
    return list_entry(item, procspawn_pool, at_fini);
}

/* Does not end running calls: the servers end the workers, with the grace of procspawn_fini. */
static void close_at_fini(struct procspawn__at_fini *item)
{
    procspawn_pool *pool = pool_of(item);

    procspawn__pool_enter(pool);
    pool->state = PROCSPAWN__POOL_ENDED;
    procspawn__pool_expel_all(pool, PROCSPAWN_ERROR_CANCELLED, "procspawn_fini was called");
    procspawn__pool_wake(pool);
    procspawn__pool_changed(pool);
    procspawn__pool_leave(pool);
}

static int join_at_fini(struct procspawn__at_fini *item, int64_t deadline)
{
    return procspawn__dispatch_join(pool_of(item), deadline);
}

static int build(const procspawn_pool_builder *builder, procspawn_pool **ret_pool)
{
    procspawn_pool *pool = malloc(sizeof *pool);

    if (!pool)
        return -ENOMEM;
    *pool = (procspawn_pool){
        .references = 1,
        .at_fini = { .close = close_at_fini, .join = join_at_fini },
        .plan = builder->plan,
        .wanted = builder->plan.minimum,
        .epoll = -1,
        .wake = -1,
        .end_event = -1,
        .wake_at = BASE_NEVER,
        .again_at = BASE_NEVER,
        .beside_at = BASE_NEVER,
    };
    pthread_mutex_init(&pool->lock, NULL);
    list_init(&pool->waiters);
    list_init(&pool->queue);
    list_init(&pool->lost);
    list_init(&pool->idle);
    list_init(&pool->tell);
    list_init(&pool->tell_later);
    int rc = fill(pool, builder);
    if (rc == 0)
        rc = start(pool);
    if (rc < 0) {
        destroy(pool);
        return rc;
    }
    *ret_pool = pool;
    return 0;
}

int procspawn_pool_builder_build(const procspawn_pool_builder *builder, procspawn_pool **ret_pool)
{
    int cancel;

    if (!valid(builder))
        return -EINVAL;
    int rc = procspawn__admitted();
    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    rc = procspawn__context_admits(builder->process);
    if (rc == 0)
        rc = build(builder, ret_pool);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_pool_new(unsigned size, procspawn_pool **ret_pool)
{
    procspawn_pool_builder *builder = procspawn_pool_builder_new(size);
    int rc = builder ? procspawn_pool_builder_build(builder, ret_pool) : -ENOMEM;

    procspawn_pool_builder_free(builder);
    return rc;
}

void procspawn__pool_wake(procspawn_pool *pool)
{
    base__event_raise(pool->wake);
}

void procspawn__pool_wake_by(procspawn_pool *pool, int64_t when)
{
    if (when < pool->wake_at)
        procspawn__pool_wake(pool);
}

/* ---- the end ---- */

/* Answers that have arrived count, so the workers are heard before they are killed. */
void procspawn__pool_end(procspawn_pool *pool)
{
    pool->state = PROCSPAWN__POOL_ENDED;
    procspawn__pool_expel_all(pool, PROCSPAWN_ERROR_CANCELLED, "the pool has ended");
    procspawn__pool_look(pool);
    for (unsigned i = 0; i < pool->worker_count; i++)
        procspawn__worker_end(pool->workers[i], SIGKILL, 0);
    procspawn__pool_wake(pool);
    procspawn__pool_changed(pool);
}

void procspawn_pool_kill(procspawn_pool *pool)
{
    int cancel;

    if (!procspawn__pool_is_ours(pool))
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(pool);
    procspawn__pool_end(pool);
    procspawn__pool_leave(pool);
    pthread_setcancelstate(cancel, NULL);
}

int procspawn_pool_free_timeout(procspawn_pool *pool, int64_t timeout)
{
    int64_t deadline = base__deadline(timeout);
    int cancel;

    if (!pool)
        return 0;
    if (!procspawn__pool_is_ours(pool)) {
        procspawn__pool_unref(pool);
        return 0;
    }
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn_pool_kill(pool);
    int rc = procspawn__at_fini_remove(&pool->at_fini, deadline);
    if (rc == 0)
        procspawn__pool_unref(pool);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

void procspawn_pool_free(procspawn_pool *pool)
{
    procspawn_pool_free_timeout(pool, -1);
}

/* ---- counts ---- */

/* The table may change while the lock is released. */
void procspawn__pool_look(procspawn_pool *pool)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        if (i < pool->worker_count && pool->workers[i]->call)
            procspawn__worker_look(pool->workers[i]);
    }
}

/* Reads a number of calls, after all answers that have arrived are handled. */
static unsigned count(procspawn_pool *pool, const unsigned *number)
{
    int cancel;

    if (!procspawn__pool_is_ours(pool) || procspawn__pool_is_idle(pool))
        return 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(pool);
    procspawn__pool_look(pool);
    unsigned value = *number;
    procspawn__pool_leave(pool);
    pthread_setcancelstate(cancel, NULL);
    return value;
}

unsigned procspawn_pool_size(procspawn_pool *pool)
{
    return procspawn__pool_is_ours(pool) ? __atomic_load_n(&pool->wanted, __ATOMIC_RELAXED) : 0;
}

unsigned procspawn_pool_queued_count(procspawn_pool *pool)
{
    return count(pool, &pool->queued);
}

unsigned procspawn_pool_active_count(procspawn_pool *pool)
{
    return count(pool, &pool->active);
}

int procspawn_pool_failure(procspawn_pool *pool, procspawn_error **ret_error)
{
    procspawn_error *copy = NULL;

    if (!procspawn__pool_is_ours(pool))
        return PROCSPAWN_ENOTOWNER;
    procspawn__pool_enter(pool);
    bool failed = pool->failed;
    if (failed)
        copy = procspawn__error_copy(pool->cause);
    procspawn__pool_leave(pool);
    if (!failed)
        return -ENODATA;
    if (!copy)
        return -ENOMEM;
    *ret_error = copy;
    return 0;
}
