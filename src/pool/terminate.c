/*
 * terminate.c - notices to servers that they are to end workers
 *
 * A notice is kept with the lock held and sent without it, because a server may be stopped or its
 * link full. One thread at a time sends for a worker, so notices stay in order. A notice that
 * cannot be sent is repeated by the dispatcher; the caller does not wait for it.
 */
#include "src/pool/terminate.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/client/control.h"
#include "src/client/remote_child.h"
#include "src/pool/interest.h"
#include "src/pool/job.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- kept ---- */

static uint64_t bit(int signal)
{
    return UINT64_C(1) << (signal - 1);
}

static bool has_end(const struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    return worker->pending.signals != 0 || worker->pending.limit;
}

static void enlist(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    if (has_end(worker) && !worker->notifying && list_empty(&worker->in_notices))
        list_append(&worker->pool->notices, &worker->in_notices);
}

void procspawn__worker_terminate(struct procspawn__worker *worker, int signal, int64_t grace)
{
    struct procspawn__pending_notices *pending = &worker->pending;
    int64_t kill_at = base__deadline(grace);

    if (worker->killed || !procspawn__worker_step(worker, PROCSPAWN__EV_END))
        return;
    if (signal == SIGKILL) {
        worker->killed = true;
        pending->signals = 0;
    }
    if (pending->signals == 0 || kill_at < pending->kill_at)
        pending->kill_at = kill_at;
    pending->signals |= bit(signal);
    enlist(worker);
    procspawn__worker_update_interest(worker);
}

void procspawn__worker_time_out(struct procspawn__worker *worker)
{
    if (worker->killed || worker->overdue || !procspawn__worker_step(worker, PROCSPAWN__EV_END))
        return;
    const struct procspawn__pool_call *call = worker->call;
    struct procspawn__pending_notices *pending = &worker->pending;
    worker->overdue = true;
    pending->limit = true;
    pending->limit_kind = procspawn__pool_call_next_limit(call);
    pending->limit_length =
        pending->limit_kind == WIRE_LIMIT_RUN ? call->limits.run : call->limits.total;
    pending->limit_first = pending->signals == 0;
    enlist(worker);
    procspawn__worker_update_interest(worker);
}

void procspawn__worker_end_cause(struct procspawn__worker *worker, enum wire_end_cause cause)
{
    if (worker->end_cause == WIRE_ENDED_BY_ITSELF)
        worker->end_cause = cause;
}

/* ---- sending ---- */

/* One notice: a signal, with the time of the SIGKILL after it; or signal 0: a limit has passed. */
struct notice {
    struct procspawn__remote_child to;
    int signal;
    int64_t kill_at;
    enum wire_end_cause cause;
    enum wire_limit_kind limit_kind;
    int64_t limit_length;
};

static struct notice next_notice(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    struct procspawn__pending_notices *pending = &worker->pending;
    struct notice notice = { .to = worker->child,
                             .kill_at = pending->kill_at,
                             .cause = WIRE_ENDED_BY_KILL,
                             .limit_kind = pending->limit_kind,
                             .limit_length = pending->limit_length };

    if (worker->end_cause != WIRE_ENDED_BY_ITSELF)
        notice.cause = worker->end_cause;
    if (pending->limit && (pending->limit_first || pending->signals == 0)) {
        pending->limit = false;
        return notice;
    }
    notice.signal = __builtin_ctzll(pending->signals) + 1;
    pending->signals &= ~bit(notice.signal);
    return notice;
}

static void take_back(struct procspawn__worker *worker, const struct notice *notice)
    REQUIRES(pool_lock)
{
    struct procspawn__pending_notices *pending = &worker->pending;

    if (notice->signal == 0) {
        pending->limit = true;
    } else if (!worker->killed || notice->signal == SIGKILL) {
        if (pending->signals == 0 || notice->kill_at < pending->kill_at)
            pending->kill_at = notice->kill_at;
        pending->signals |= bit(notice->signal);
    }
}

/* 0; -EPIPE: the server is gone, and its children with it; or -errno: to be repeated. */
static int send_notice(const struct notice *notice)
{
    int64_t now = base__now();
    int64_t grace = notice->kill_at == BASE_NEVER ? BASE_NEVER : notice->kill_at - now;

    if (notice->signal == 0)
        return procspawn__client_try_limit(&notice->to, notice->limit_kind, now,
                                           notice->limit_length);
    return procspawn__client_try_end_child(&notice->to, notice->signal, grace > 0 ? grace : 0,
                                           notice->cause);
}

/* Releases the lock while it sends. */
static void send_one(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    procspawn_pool *pool = worker->pool;
    struct notice notice = next_notice(worker);

    worker->notifying = true;
    procspawn__worker_ref(worker);
    procspawn__pool_unlock(pool);
    int rc = send_notice(&notice);
    procspawn__pool_enter(pool);
    worker->notifying = false;
    if (worker->state >= PROCSPAWN__WORKER_LOST || rc == -EPIPE) {
        worker->pending.signals = 0;
        worker->pending.limit = false;
    } else if (rc < 0) {
        take_back(worker, &notice);
        list_append(&pool->later_notices, &worker->in_notices);
        procspawn__pool_repeat_soon(pool);
    }
    enlist(worker);
    procspawn__worker_unref(worker);
}

void procspawn__pool_send_notices(procspawn_pool *pool)
{
    while (!list_empty(&pool->notices)) {
        struct procspawn__worker *worker =
            list_entry(pool->notices.next, struct procspawn__worker, in_notices);
        list_remove(&worker->in_notices);
        send_one(worker);
    }
}

void procspawn__pool_repeat_notices(procspawn_pool *pool)
{
    while (!list_empty(&pool->later_notices)) {
        struct procspawn__worker *worker =
            list_entry(pool->later_notices.next, struct procspawn__worker, in_notices);
        list_remove(&worker->in_notices);
        enlist(worker);
    }
}
