/*
 * interest.c - which thread waits for the messages of a worker
 */
#include "src/pool/interest.h"

#include "src/base/fd.h"
#include "src/base/list.h"
#include "src/pool/job.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include <errno.h>
#include <forkscope/pool.h>
#include <stdbool.h>
#include <sys/epoll.h>

static int set_watch(struct procspawn__worker *worker, int operation) REQUIRES(pool_lock)
{
    struct epoll_event event = { .events = worker->dispatcher_polls ? EPOLLIN : 0,
                                 .data.u64 = worker->serial };

    if (!base__fd_is_ours(worker->pool->epoll) || !base__fd_is_ours(worker->child.channel))
        return -EBADF;
    if (epoll_ctl(worker->pool->epoll, operation, worker->child.channel, &event) < 0)
        return -errno;
    worker->watched = operation != EPOLL_CTL_DEL;
    return 0;
}

int procspawn__worker_watch(struct procspawn__worker *worker)
{
    return set_watch(worker, EPOLL_CTL_ADD);
}

void procspawn__worker_unwatch(struct procspawn__worker *worker)
{
    if (worker->watched)
        set_watch(worker, EPOLL_CTL_DEL);
}

static void set_dispatcher(struct procspawn__worker *worker, bool on) REQUIRES(pool_lock)
{
    if (worker->dispatcher_polls == on || !worker->watched)
        return;
    worker->dispatcher_polls = on;
    set_watch(worker, EPOLL_CTL_MOD);
}

/* The messages of an ending worker are always received, because its DEATH comes behind them. */
static bool needs_dispatcher(const struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    const procspawn_pool *pool = worker->pool;
    const struct procspawn__pool_call *call = worker->call;

    if (worker->joiner_polls)
        return false;
    if (worker->state == PROCSPAWN__WORKER_ENDING)
        return true;
    return call && (pool->queued > 0 || !list_empty(&pool->waiters) || call->dropped ||
                    call->event >= 0 || call->listener);
}

/* The dispatcher polls until a joiner does: polling without need costs little. */
void procspawn__worker_update_interest(struct procspawn__worker *worker)
{
    if (needs_dispatcher(worker))
        set_dispatcher(worker, true);
}

void procspawn__pool_update_interest(procspawn_pool *pool)
{
    for (unsigned i = 0; i < pool->worker_count; i++)
        procspawn__worker_update_interest(pool->workers[i]);
}

/* epoll(7) always reports the end of a channel, so the channel leaves the set. */
void procspawn__worker_suspend(struct procspawn__worker *worker)
{
    if (!worker->watched)
        return;
    procspawn__worker_unwatch(worker);
    worker->suspended = true;
    procspawn__pool_repeat_soon(worker->pool);
}

void procspawn__worker_resume(struct procspawn__worker *worker)
{
    if (!worker->suspended)
        return;
    worker->dispatcher_polls = !worker->joiner_polls;
    worker->suspended = set_watch(worker, EPOLL_CTL_ADD) < 0;
    if (worker->suspended)
        procspawn__pool_repeat_soon(worker->pool);
}

void procspawn__worker_begin_join(struct procspawn__worker *worker)
{
    procspawn__worker_ref(worker);
    worker->joiner_polls = true;
    set_dispatcher(worker, false);
}

void procspawn__worker_end_join(struct procspawn__worker *worker)
{
    worker->joiner_polls = false;
    procspawn__worker_update_interest(worker);
    procspawn__worker_unref(worker);
}
