/*
 * hear.c - receives messages of a worker and acts upon them
 *
 * Messages are received without the lock, by one thread at a time for each worker. Their number is
 * limited each time, so a worker that floods its channel does not keep the thread from the others.
 */
#include "src/base/clock.h"
#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/client/child_end.h"
#include "src/crash/backtrace.h"
#include "src/error/error.h"
#include "src/pool/backoff.h"
#include "src/pool/pool.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Moves an outcome, unless there is one already. Adds a backtrace that came before the error. */
static void pass_on(struct procspawn__answer *from, struct procspawn__answer *to)
{
    if (to->outcome != PROCSPAWN__PENDING)
        return;
    struct procspawn__answer before = *to;
    *to = *from;
    *from = (struct procspawn__answer){ .outcome = PROCSPAWN__PENDING };
    procspawn__answer_pass_trace(&before, to);
}

/* Ends the worker's call, whose outcome is set. */
static void release_call(struct procspawn__worker *worker)
{
    struct procspawn__pool_call *call = worker->call;

    if (!call)
        return;
    worker->call = NULL;
    worker->pool->active--;
    procspawn__pool_call_end(call);
}

static bool worn_out(const struct procspawn__worker *worker, const struct procspawn__report *report)
{
    uint64_t calls = worker->pool->plan.recycle_calls;
    return report->too_big || (calls > 0 && worker->ended_calls >= calls);
}

/* A worker that answers in state ENDING is killed at once: its grace was for the call. */
static void after_call(struct procspawn__worker *worker, const struct procspawn__report *report)
{
    worker->ended_calls++;
    procspawn__backoff_answered(&worker->pool->backoff);
    release_call(worker);
    procspawn__worker_step(worker, PROCSPAWN__EV_ANSWER);
    if (worker->state != PROCSPAWN__WORKER_IDLE || worn_out(worker, report))
        procspawn__worker_end(worker, SIGKILL, 0);
    procspawn__pool_feed(worker->pool);
}

static void on_result(struct procspawn__worker *worker, struct procspawn__report *report)
{
    if (worker->call) {
        pass_on(&report->answer, &worker->call->handle.answer);
        after_call(worker, report);
    } else if (procspawn__worker_step(worker, PROCSPAWN__EV_READY)) {
        procspawn__backoff_ready(&worker->pool->backoff);
        procspawn__pool_feed(worker->pool);
    }
}

/* False if its descriptors were sent and closed here, or the pool has ended. */
static bool can_be_sent_again(const struct procspawn__worker *worker)
{
    return worker->call->draft && worker->pool->state <= PROCSPAWN__POOL_CLOSING;
}

static void send_again(struct procspawn__worker *worker)
{
    struct procspawn__pool_call *call = worker->call;

    worker->call = NULL;
    worker->pool->active--;
    procspawn__pool_requeue(call);
}

/*
 * Did the set-up fail because of an earlier call in the same worker? A new worker has run no other
 * call, so its failure is the call's. But the worker is not trusted: after as many attempts as the
 * pool may have workers the failure is the call's, too.
 */
static bool was_spoilt(const struct procspawn__worker *worker,
                       const struct procspawn__report *report)
{
    const procspawn_error *error = report->answer.error;

    return !report->incoming.stays && worker->ended_calls > 0 && error &&
           procspawn_error_kind(error) == PROCSPAWN_ERROR_SETUP &&
           worker->call->refusals < worker->pool->plan.maximum;
}

static void on_failure(struct procspawn__worker *worker, struct procspawn__report *report)
{
    if (!worker->call) {
        pass_on(&report->answer, &worker->start);
        return;
    }
    if (worker->state == PROCSPAWN__WORKER_RUNNING && was_spoilt(worker, report) &&
        can_be_sent_again(worker)) {
        procspawn__worker_end(worker, SIGKILL, 0);
        worker->call->refusals++;
        send_again(worker);
        return;
    }
    pass_on(&report->answer, &worker->call->handle.answer);
    if (report->incoming.stays) {
        after_call(worker, report);
        return;
    }
    procspawn__worker_end(worker, SIGKILL, 0);
    release_call(worker);
}

static void on_backtrace(struct procspawn__worker *worker, struct procspawn__report *report)
{
    struct procspawn__answer *answer = worker->call ? &worker->call->handle.answer : &worker->start;

    procspawn__answer_pass_trace(&report->answer, answer);
}

/* The worker's state is unknown: kills it. Its call has failed. */
static void on_broken(struct procspawn__worker *worker)
{
    if (worker->call) {
        procspawn__answer_fail(&worker->call->handle.answer,
                               procspawn__error_new(PROCSPAWN_ERROR_IO, EPROTO,
                                                    "the answer cannot be received"));
        release_call(worker);
    }
    procspawn__worker_end(worker, SIGKILL, 0);
}

/* ---- the end of a worker ---- */

/* Has it ended before it finished a call, and without being ended by the pool? */
static bool was_stillborn(const struct procspawn__worker *worker)
{
    return worker->state == PROCSPAWN__WORKER_STARTING ||
           (worker->state == PROCSPAWN__WORKER_IDLE && worker->ended_calls == 0);
}

/* Sets the failure. An end without DEATH: the server died, or the worker shut down its channel. */
static void tell_end(struct procspawn__answer *answer, const struct procspawn__report *report)
{
    if (report->incoming.kind == PROCSPAWN__INCOMING_DEATH)
        procspawn__answer_death(answer, &report->incoming.death);
    else if (report->incoming.kind == PROCSPAWN__INCOMING_CLOSED)
        procspawn__answer_fail(answer, procspawn__error_new(PROCSPAWN_ERROR_IO, EBADF,
                                                            "this program has closed the channel "
                                                            "of the worker"));
    else if (report->server_lost)
        procspawn__answer_lost(answer);
    else
        procspawn__answer_fail(answer, procspawn__error_new(PROCSPAWN_ERROR_REMOTE_CLOSE, 0,
                                                            "the process closed its channel"));
}

/* Did it end before it read the last message to it? */
static bool took_nothing(const struct procspawn__worker *worker,
                         const struct procspawn__report *report)
{
    return report->incoming.kind == PROCSPAWN__INCOMING_DEATH ? report->incoming.death.unread : worker->left_unread;
}

static void end_call(struct procspawn__worker *worker, const struct procspawn__report *report,
                     bool by_us)
{
    if (!by_us && took_nothing(worker, report) && can_be_sent_again(worker)) {
        send_again(worker);
        return;
    }
    tell_end(&worker->call->handle.answer, report);
    release_call(worker);
}

static void tell_failed_start(struct procspawn__worker *worker, bool unread)
{
    procspawn_error *error = worker->start.error;

    worker->start.error = NULL;
    if (unread)
        procspawn__start_unread(worker->pool, error);
    else
        procspawn__start_failed(worker->pool, error, false);
}

static void on_end(struct procspawn__worker *worker, const struct procspawn__report *report)
{
    bool stillborn = was_stillborn(worker);
    bool unread = took_nothing(worker, report);
    bool by_us = worker->state == PROCSPAWN__WORKER_ENDING;

    bool gone = report->incoming.kind == PROCSPAWN__INCOMING_DEATH && !report->incoming.death.lingers;

    procspawn__worker_step(worker, gone ? PROCSPAWN__EV_DEATH : PROCSPAWN__EV_CUT);
    if (worker->call)
        end_call(worker, report, by_us);
    else
        tell_end(&worker->start, report);
    procspawn__worker_leave(worker);
    if (stillborn)
        tell_failed_start(worker, unread);
}

static void carry_out(struct procspawn__worker *worker, struct procspawn__report *report)
{
    worker->left_unread |= report->incoming.was_reset;
    switch (report->incoming.kind) {
    case PROCSPAWN__INCOMING_NOTHING:
    case PROCSPAWN__INCOMING_IGNORED:
    case PROCSPAWN__INCOMING_REBORN:
        break;
    case PROCSPAWN__INCOMING_RESULT:
        if (report->incoming.generation == worker->generation)
            on_result(worker, report);
        break;
    case PROCSPAWN__INCOMING_FAILURE:
        if (report->incoming.generation == worker->generation)
            on_failure(worker, report);
        break;
    case PROCSPAWN__INCOMING_BACKTRACE:
        on_backtrace(worker, report);
        break;
    case PROCSPAWN__INCOMING_REFUSED:
    case PROCSPAWN__INCOMING_BROKEN:
        on_broken(worker);
        break;
    case PROCSPAWN__INCOMING_DEATH:
    case PROCSPAWN__INCOMING_END:
    case PROCSPAWN__INCOMING_CLOSED:
        on_end(worker, report);
        break;
    }
}

/* ---- hearing ---- */

/* After an answer the loop stops, so that the thread that waits for it can go on. */
static bool may_have_more(enum procspawn__incoming_kind kind)
{
    switch (kind) {
    case PROCSPAWN__INCOMING_IGNORED:
    case PROCSPAWN__INCOMING_REFUSED:
    case PROCSPAWN__INCOMING_BROKEN:
    case PROCSPAWN__INCOMING_BACKTRACE:
    case PROCSPAWN__INCOMING_REBORN:
        return true;
    default:
        return false;
    }
}

/* The call cannot end while the lock is released: only the thread that hears its worker ends it. */
static void drain(struct procspawn__worker *worker)
{
    struct procspawn__pool_call *call = worker->call;

    if (!call || !procspawn__capture_runs(call))
        return;
    procspawn__pool_leave(worker->pool);
    procspawn__capture_drain(call);
    procspawn__pool_enter(worker->pool);
}

void procspawn__worker_drain(struct procspawn__worker *worker)
{
    if (worker->heard)
        return;
    worker->heard = true;
    procspawn__worker_ref(worker);
    drain(worker);
    worker->heard = false;
    procspawn__worker_unref(worker);
}

/* Before a message that may end the call, all captured output is read. */
static void deliver(struct procspawn__worker *worker, struct procspawn__report *report)
{
    if (report->incoming.kind > PROCSPAWN__INCOMING_IGNORED)
        drain(worker);
    carry_out(worker, report);
}

/* Receives one message without the lock and acts upon it. Returns whether there may be more. */
static bool hear_one(struct procspawn__worker *worker, int *ret_error)
{
    procspawn_pool *pool = worker->pool;
    struct procspawn__report report;

    /* After the last answer no descriptors are needed. A shortage of them must not delay DEATH. */
    worker->lossy = worker->state == PROCSPAWN__WORKER_ENDING && !worker->call;
    procspawn__pool_leave(pool);
    procspawn__report_receive(worker, &report);
    procspawn__pool_enter(pool);
    deliver(worker, &report);
    *ret_error = report.incoming.error == -EAGAIN ? 0 : report.incoming.error;
    if (!procspawn__answer_is_empty(&report.answer)) {
        procspawn__pool_leave(pool);
        procspawn__answer_fini(&report.answer);
        procspawn__pool_enter(pool);
    }
    return may_have_more(report.incoming.kind);
}

int procspawn__worker_hear(struct procspawn__worker *worker)
{
    enum { AT_ONCE = 64 };
    static const int64_t crowd_pause = BASE_SECOND / 20;
    bool more = true;
    int rc = 0;

    if (worker->heard || worker->state >= PROCSPAWN__WORKER_LOST)
        return 0;
    worker->heard = true;
    procspawn__worker_ref(worker);
    for (int i = 0; i < AT_ONCE && more; i++)
        more = hear_one(worker, &rc);
    worker->heard = false;
    worker->crowded = more;
    if (more)
        procspawn__dispatch_beside(worker->pool, crowd_pause);
    procspawn__worker_unref(worker);
    return rc;
}

/* The server or the root has answered the question for the worker's end; rc < 0: server lost. */
static void take_word(struct procspawn__worker *worker, int rc)
{
    struct procspawn__report report = {
        .incoming = {
            .kind = rc == 0 && worker->await.known ? PROCSPAWN__INCOMING_DEATH
                                                   : PROCSPAWN__INCOMING_END,
            .death = worker->await.death,
        },
        .server_lost = rc < 0,
    };

    if (worker->state == PROCSPAWN__WORKER_LOST)
        procspawn__worker_bury(worker);
    else if (worker->state < PROCSPAWN__WORKER_LOST)
        deliver(worker, &report);
}

void procspawn__worker_look_beside(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;
    bool kill = worker->killed || worker->state == PROCSPAWN__WORKER_LOST;

    if (worker->heard)
        return;
    worker->heard = true;
    procspawn__worker_ref(worker);
    procspawn__pool_leave(pool);
    int rc = procspawn__client_await(&worker->await, &worker->taken, kill);
    procspawn__pool_enter(pool);
    if (rc <= 0)
        take_word(worker, rc);
    worker->heard = false;
    procspawn__worker_unref(worker);
}

int procspawn__worker_look(struct procspawn__worker *worker)
{
    return worker->followed ? 0 : procspawn__worker_hear(worker);
}
