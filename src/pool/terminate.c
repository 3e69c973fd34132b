/*
 * terminate.c - messages to servers that end workers
 *
 * A message is noted with the lock held and sent without it, because a server may be stopped or its
 * link full. One thread at a time sends for a worker, so messages stay in order. A message that
 * cannot be sent is repeated by the dispatcher; the caller does not wait for it.
 */
#include "src/pool/terminate.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/client/control.h"
#include "src/client/taken.h"
#include "src/pool/interest.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include <errno.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- noting ---- */

static uint64_t bit(int signal)
{
    return UINT64_C(1) << (signal - 1);
}

static bool has_end(const struct procspawn__worker *worker)
{
    return worker->end.signals != 0 || worker->end.limit;
}

static void enlist(struct procspawn__worker *worker)
{
    if (has_end(worker) && !worker->told && list_empty(&worker->in_tell))
        list_append(&worker->pool->tell, &worker->in_tell);
}

void procspawn__worker_end(struct procspawn__worker *worker, int signal, int64_t grace)
{
    struct procspawn__worker_end *end = &worker->end;
    int64_t kill_at = base__deadline(grace);

    if (worker->killed || !procspawn__worker_step(worker, PROCSPAWN__EV_END))
        return;
    if (signal == SIGKILL) {
        worker->killed = true;
        end->signals = 0;
    }
    if (end->signals == 0 || kill_at < end->kill_at)
        end->kill_at = kill_at;
    end->signals |= bit(signal);
    enlist(worker);
    procspawn__worker_attend(worker);
}

void procspawn__worker_past_deadline(struct procspawn__worker *worker)
{
    if (worker->killed || worker->overdue || !procspawn__worker_step(worker, PROCSPAWN__EV_END))
        return;
    worker->overdue = true;
    worker->end.limit = true;
    worker->end.limit_first = worker->end.signals == 0;
    enlist(worker);
    procspawn__worker_attend(worker);
}

/* ---- sending ---- */

/* One message: a signal, with the time of the SIGKILL after it; or signal 0: deadline passed. */
struct word {
    struct procspawn__taken to;
    int signal;
    int64_t kill_at;
};

static struct word next_word(struct procspawn__worker *worker)
{
    struct procspawn__worker_end *end = &worker->end;
    struct word word = { .to = worker->taken, .kill_at = end->kill_at };

    if (end->limit && (end->limit_first || end->signals == 0)) {
        end->limit = false;
        return word;
    }
    word.signal = __builtin_ctzll(end->signals) + 1;
    end->signals &= ~bit(word.signal);
    return word;
}

static void take_back(struct procspawn__worker *worker, const struct word *word)
{
    struct procspawn__worker_end *end = &worker->end;

    if (word->signal == 0) {
        end->limit = true;
    } else if (!worker->killed || word->signal == SIGKILL) {
        if (end->signals == 0 || word->kill_at < end->kill_at)
            end->kill_at = word->kill_at;
        end->signals |= bit(word->signal);
    }
}

/* 0; -EPIPE: the server is gone, and its children with it; or -errno: to be repeated. */
static int send_word(const struct word *word)
{
    int64_t now = base__now();
    int64_t grace = word->kill_at == BASE_NEVER ? BASE_NEVER : word->kill_at - now;

    if (word->signal == 0)
        return procspawn__client_try_limit(&word->to, now);
    return procspawn__client_try_end_child(&word->to, word->signal, grace > 0 ? grace : 0);
}

/* Releases the lock while it sends. */
static void tell_one(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;
    struct word word = next_word(worker);

    worker->told = true;
    procspawn__worker_ref(worker);
    procspawn__pool_unlock(pool);
    int rc = send_word(&word);
    procspawn__pool_enter(pool);
    worker->told = false;
    if (worker->state >= PROCSPAWN__WORKER_LOST || rc == -EPIPE) {
        worker->end.signals = 0;
        worker->end.limit = false;
    } else if (rc < 0) {
        take_back(worker, &word);
        list_append(&pool->tell_later, &worker->in_tell);
        procspawn__dispatch_again(pool);
    }
    enlist(worker);
    procspawn__worker_unref(worker);
}

void procspawn__pool_tell(procspawn_pool *pool)
{
    while (!list_empty(&pool->tell)) {
        struct procspawn__worker *worker =
            list_entry(pool->tell.next, struct procspawn__worker, in_tell);
        list_remove(&worker->in_tell);
        tell_one(worker);
    }
}

void procspawn__pool_tell_again(procspawn_pool *pool)
{
    while (!list_empty(&pool->tell_later)) {
        struct procspawn__worker *worker =
            list_entry(pool->tell_later.next, struct procspawn__worker, in_tell);
        list_remove(&worker->in_tell);
        enlist(worker);
    }
}
