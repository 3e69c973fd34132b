/*
 * pool.c - builds and frees pools, and counts their calls
 */
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/base/witness.h"
#include "src/call/builder.h"
#include "src/call/builder_snapshot.h"
#include "src/call/caller_state.h"
#include "src/call/learner_start.h"
#include "src/call/learning.h"
#include "src/call/request.h"
#include "src/call/collector.h"
#include "src/error/error.h"
#include "src/image/at_fini.h"
#include "src/image/image.h"
#include "src/pool/builder.h"
#include "src/pool/dispatcher.h"
#include "src/pool/lifetime.h"
#include "src/pool/lock.h"
#include "src/pool/receive.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/wire/call.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/learn.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

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

/* A request that is not sealed is freed with the pool, as one that is. */
static int encode_initializer(procspawn_pool *pool, const procspawn_pool_builder *builder)
{
    if (!builder->initializer)
        return 0;
    struct procspawn__request *request = malloc(sizeof *request);
    if (!request)
        return -ENOMEM;
    procspawn__request_init(request);
    pool->initializer = request;
    request->call.flags = WIRE_CALL_KEEP_ALIVE | WIRE_CALL_INITIALIZE;
    procspawn__pool_config_fresh(&pool->config, WIRE_FRESH_NOW, &request->call);
    int rc = procspawn__request_function(request, builder->initializer);
    if (rc == 0)
        rc = procspawn__request_argument(request, builder->argument);
    return rc == 0 ? procspawn__request_seal(request) : rc;
}

static int start_learner(procspawn_pool *pool)
{
    if (!procspawn__learning_wanted(pool->process))
        return 0;
    int rc = procspawn__learning_new(pool->process, &pool->learning);
    return rc == 0 ? procspawn__learning_start(pool->learning, BASE_NEVER) : rc;
}

static int fill(procspawn_pool *pool, const procspawn_pool_builder *builder)
{
    int rc = procspawn__builder_copy(builder->process, &pool->process);
    if (rc == 0)
        rc = encode_initializer(pool, builder);
    if (rc == 0)
        rc = start_learner(pool);
    if (rc < 0)
        return rc;
    pool->witness = base__witness_new();
    if (!pool->witness)
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
    if (builder->config.fresh && builder->process->sandbox.profile != PROCSPAWN_SANDBOX_NONE)
        return false;
    return builder->config.maximum > 0 && builder->config.minimum <= builder->config.maximum &&
           builder->config.idle_limit >= 0;
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
    procspawn__pool_step(pool, PROCSPAWN__POOL_END);
    procspawn__pool_cancel_queued(pool, PROCSPAWN_ERROR_CANCELLED, "procspawn_fini was called");
    procspawn__pool_wake(pool);
    procspawn__pool_notify(pool);
    procspawn__pool_leave(pool);
}

static int join_at_fini(struct procspawn__at_fini *item, int64_t deadline)
{
    return procspawn__dispatch_join(pool_of(item), deadline);
}

static int build(const procspawn_pool_builder *builder, procspawn_pool **ret_pool)
{
    procspawn_pool *pool = procspawn__pool_new(&builder->config);

    if (!pool)
        return -ENOMEM;
    pool->at_fini = (struct procspawn__at_fini){ .close = close_at_fini, .join = join_at_fini };
    int rc = fill(pool, builder);
    if (rc == 0)
        rc = start(pool);
    if (rc < 0) {
        procspawn__pool_destroy(pool);
        return rc;
    }
    *ret_pool = pool;
    return 0;
}

int procspawn_pool_builder_build(const procspawn_pool_builder *builder, procspawn_pool **ret_pool)
{
    int cancel;

    if (!builder || !valid(builder))
        return -EINVAL;
    int rc = procspawn__admitted();
    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    rc = procspawn__caller_state_admits(builder->process);
    if (rc == 0 && builder->process->capture_limit > 0)
        rc = procspawn__collector_start(BASE_NEVER);
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

int procspawn_pool_learned(procspawn_pool *pool, procspawn_needs **ret_needs)
{
    int rc = procspawn__pool_check(pool);
    return rc == 0 ? procspawn__learning_read(pool->learning, ret_needs) : rc;
}

/* ---- the end ---- */

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

/*
 * Reads a number of calls, after all answers that have arrived are handled. offset: where it is in
 * a pool.
 */
static unsigned count(procspawn_pool *pool, size_t offset)
{
    int cancel;

    if (!procspawn__pool_is_ours(pool) || procspawn__pool_is_idle(pool))
        return 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(pool);
    procspawn__pool_receive(pool);
    unsigned value = *(const unsigned *)((const char *)pool + offset);
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
    return count(pool, offsetof(struct procspawn_pool, queued));
}

unsigned procspawn_pool_active_count(procspawn_pool *pool)
{
    return count(pool, offsetof(struct procspawn_pool, active));
}

int procspawn_pool_failure(procspawn_pool *pool, procspawn_error **ret_error)
{
    procspawn_error *copy = NULL;

    int rc = procspawn__pool_check(pool);
    if (rc < 0)
        return rc;
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
