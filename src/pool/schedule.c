/*
 * schedule.c - the scheduler of a pool
 */
#include "src/pool/schedule.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/call/builder.h"
#include "src/call/capture.h"
#include "src/call/incoming.h"
#include "src/call/outcome.h"
#include "src/call/request.h"
#include "src/call/stdio.h"
#include "src/error/error.h"
#include "src/image/image.h"
#include "src/pool/backoff.h"
#include "src/pool/interest.h"
#include "src/pool/job.h"
#include "src/pool/state.h"
#include "src/pool/terminate.h"
#include "src/pool/worker.h"
#include "src/pool/worker_report.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- the queue ---- */

/* Raises the number of workers by one if there are more calls than workers, up to the maximum. */
static void grow(procspawn_pool *pool) REQUIRES(pool_lock)
{
    if (pool->wanted >= pool->config.maximum || pool->queued + pool->active <= pool->wanted)
        return;
    __atomic_store_n(&pool->wanted, pool->wanted + 1, __ATOMIC_RELAXED);
    procspawn__pool_wake(pool);
}

static void put_first(struct procspawn__pool_call *call) REQUIRES(pool_lock)
{
    list_prepend(&call->pool->queue, &call->in_queue);
    call->pool->queued++;
    procspawn__pool_show_room(call->pool);
}

static void take_out(struct procspawn__pool_call *call) REQUIRES(pool_lock)
{
    list_remove(&call->in_queue);
    call->pool->queued--;
    procspawn__pool_show_room(call->pool);
}

/* Opens the pipes for the output of a call. Without a collector the dispatcher is to start one. */
static int start_capture(struct procspawn__pool_call *call) REQUIRES(pool_lock)
{
    procspawn_pool *pool = call->pool;

    if (call->capture_limit == 0)
        return 0;
    int rc = procspawn__streams_capture(&call->request->request, call->capture_limit,
                                        pool->process->capture_merged);
    if (rc == -ENOBUFS) {
        pool->needs_collector = true;
        procspawn__pool_wake(pool);
    }
    return rc;
}

static void note_sent_buffers(struct procspawn__worker *worker, uint32_t buffers)
    REQUIRES(pool_lock)
{
    if (buffers & WIRE_BUFFER_NEW_ARGUMENT)
        worker->new_argument = false;
    if (buffers & WIRE_BUFFER_NEW_RESULTS)
        worker->new_results = false;
}

static int send_call(struct procspawn__worker *worker, struct procspawn__pool_call *call)
    REQUIRES(pool_lock)
{
    struct procspawn__request *request = &call->request->request;
    int rc = start_capture(call);

    if (rc < 0)
        return rc;
    request->call.generation = worker->generation + 1;
    call->handle.outcome.times.began = base__now();
    const struct procspawn__receiver_buffers buffers = {
        &worker->argument, &worker->results.standing, worker->new_argument, worker->new_results
    };
    rc = procspawn__request_send_with(request, worker->child.channel, &buffers);
    struct procspawn__capture *capture = procspawn__streams_captured(request);
    if (rc < 0) {
        procspawn__capture_drop(capture);
        return rc;
    }
    note_sent_buffers(worker, request->call.buffers);
    /* It may have been sent to another worker before, which did not begin it. */
    procspawn__capture_drop(call->handle.capture);
    call->handle.capture = capture;
    return 0;
}

/*
 * Sends a call to an idle worker. 0; -EPIPE: the worker cannot be used any more; or -errno. A full
 * channel (-EAGAIN) means that the worker answered calls without reading them: ends it.
 */
static int start(struct procspawn__worker *worker, struct procspawn__pool_call *call)
    REQUIRES(pool_lock)
{
    int rc = send_call(worker, call);

    if (rc < 0)
        procspawn__request_take_back(&call->request->request, &worker->argument);
    if (rc == -EPIPE || rc == -EAGAIN) {
        procspawn__worker_terminate(worker, SIGKILL, 0);
        return -EPIPE;
    }
    if (rc < 0)
        return rc;
    worker->generation++;
    worker->call = call;
    worker->pool->active++;
    procspawn__pool_call_sent(call, worker);
    /* Copies of the argument's descriptors kept here would prevent the end of their peers. */
    if (call->request->request.message.fd_count > 0)
        procspawn__pool_call_drop_request(call);
    procspawn__worker_step(worker, PROCSPAWN__EV_CALL);
    procspawn__worker_update_interest(worker);
    procspawn__pool_wake_by(worker->pool, procspawn__pool_call_until(call));
    return 0;
}

/*
 * Sends the first call to the first idle worker. Returns false if a shortage prevents that: the
 * call goes back into the queue, and the dispatcher tries again.
 */
static bool start_first(procspawn_pool *pool) REQUIRES(pool_lock)
{
    struct procspawn__pool_call *call =
        list_entry(pool->queue.next, struct procspawn__pool_call, in_queue);
    struct procspawn__worker *worker =
        list_entry(pool->idle.next, struct procspawn__worker, in_idle);

    take_out(call);
    int rc = start(worker, call);
    if (procspawn__may_pass(rc)) {
        put_first(call);
        procspawn__pool_repeat_soon(pool);
        return false;
    }
    if (rc == -EPIPE) {
        put_first(call);
    } else if (rc < 0) {
        procspawn__outcome_fail(&call->handle.outcome,
                                procspawn__error_new(PROCSPAWN_ERROR_IO,
                                                     procspawn__error_number(rc),
                                                     "the call cannot be sent"));
        procspawn__pool_call_end(call);
    }
    return true;
}

void procspawn__pool_feed(procspawn_pool *pool)
{
    bool more = true;

    while (more && !list_empty(&pool->queue) && !list_empty(&pool->idle))
        more = start_first(pool);
}

/* If calls are left in the queue, the dispatcher has to receive the answers of busy workers. */
static void after_queueing(procspawn_pool *pool) REQUIRES(pool_lock)
{
    procspawn__pool_feed(pool);
    if (pool->queued == 0)
        return;
    grow(pool);
    procspawn__pool_update_interest(pool);
}

void procspawn__pool_enqueue(struct procspawn__pool_call *call, bool first)
{
    procspawn_pool *pool = call->pool;

    int64_t deadline = call->deadline;

    __atomic_store_n(&pool->calls, pool->calls + 1, __ATOMIC_RELEASE);
    list_insert_after(first ? &pool->queue : pool->queue.prev, &call->in_queue);
    pool->queued++;
    after_queueing(pool);
    procspawn__pool_show_room(pool);
    procspawn__pool_wake_by(pool, deadline);
}

/* Takes the call away from its worker. */
static struct procspawn__pool_call *take_call(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    struct procspawn__pool_call *call = worker->call;

    worker->call = NULL;
    worker->pool->active--;
    return call;
}

/* Puts the call that was sent to a worker back in front of the queue. */
static void requeue(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    struct procspawn__pool_call *call = take_call(worker);

    procspawn__request_take_back(&call->request->request, &worker->argument);
    procspawn__pool_call_returned(call);
    put_first(call);
    after_queueing(call->pool);
}

void procspawn__pool_cancel_call(struct procspawn__pool_call *call, procspawn_error *error)
{
    take_out(call);
    procspawn__outcome_fail(&call->handle.outcome, error);
    procspawn__pool_call_end(call);
}

void procspawn__pool_cancel_queued(procspawn_pool *pool, enum procspawn_error_kind kind,
                                   const char *message)
{
    while (!list_empty(&pool->queue))
        procspawn__pool_cancel_call(
            list_entry(pool->queue.next, struct procspawn__pool_call, in_queue),
            procspawn__error_new(kind, 0, "%s", message));
}

/* ---- failed starts ---- */

/* Frees the old error last: a child by fork(2) at any time finds a valid pointer. */
static void set_cause(procspawn_pool *pool, procspawn_error *error) REQUIRES(pool_lock)
{
    procspawn_error *old = pool->cause;

    pool->cause = error;
    procspawn_error_free(old);
}

void procspawn__pool_fail(procspawn_pool *pool, procspawn_error *error)
{
    set_cause(pool, error);
    procspawn__pool_step(pool, PROCSPAWN__POOL_END);
    pool->failed = true;
    while (!list_empty(&pool->queue))
        procspawn__pool_cancel_call(
            list_entry(pool->queue.next, struct procspawn__pool_call, in_queue),
            procspawn__error_copy(pool->cause));
    procspawn__pool_wake(pool);
    procspawn__pool_notify(pool);
}

void procspawn__start_failed(procspawn_pool *pool, procspawn_error *error, bool final)
{
    if (pool->state == PROCSPAWN__POOL_ENDED) {
        procspawn_error_free(error);
        return;
    }
    if (procspawn__backoff_failed(&pool->backoff, base__now()))
        set_cause(pool, error);
    else
        procspawn_error_free(error);
    if (pool->worker_count == 0 && (final || pool->backoff.failures >= pool->config.attempts))
        procspawn__pool_fail(pool, procspawn__error_copy(pool->cause));
}

void procspawn__start_unread(procspawn_pool *pool, procspawn_error *error)
{
    if (procspawn__backoff_unread(&pool->backoff, procspawn__image.spares))
        procspawn__start_failed(pool, error, false);
    else
        procspawn_error_free(error);
}

/* ---- what workers report ---- */

/* Moves an outcome, unless there is one already. Adds a backtrace that came before the error. */
static void pass_on(struct procspawn__outcome *from, struct procspawn__outcome *to)
{
    if (to->state != PROCSPAWN__PENDING)
        return;
    struct procspawn__outcome before = *to;
    *to = *from;
    *from = (struct procspawn__outcome){ .state = PROCSPAWN__PENDING };
    if (to->times.began < before.times.began)
        to->times.began = before.times.began;
    if (to->times.ended < to->times.began)
        to->times.ended = to->times.began;
    procspawn__outcome_pass_trace(&before, to);
}

/* False if its descriptors were sent and closed here, or the pool has ended. */
static bool can_be_sent_again(const struct procspawn__pool_call *call) REQUIRES(pool_lock)
{
    return call->request && call->pool->state != PROCSPAWN__POOL_ENDED;
}

/* Without the initializer the worker is of no use. A shortage is no failure of the start. */
static void on_prepared(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    procspawn_pool *pool = worker->pool;
    int rc = procspawn__request_send(pool->initializer, worker->child.channel);

    if (rc == 0 || rc == -EPIPE)
        return;
    if (procspawn__may_pass(rc)) {
        procspawn__backoff_put_off(&pool->backoff, rc, base__now());
    } else {
        worker->unusable = true;
        procspawn__outcome_fail(&worker->start,
                                procspawn__error_new(PROCSPAWN_ERROR_SETUP,
                                                     procspawn__error_number(rc),
                                                     "the initializer cannot be sent: %s",
                                                     forkscope_strerror(rc)));
    }
    procspawn__worker_terminate(worker, SIGKILL, 0);
}

static void on_ready(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    procspawn__backoff_ready(&worker->pool->backoff);
    procspawn__pool_feed(worker->pool);
}

/* Before the next call is sent: its result may lie in the new buffer. */
static void change_result_buffer(struct procspawn__worker *worker,
                                 struct procspawn__worker_message *message) REQUIRES(pool_lock)
{
    struct procspawn__result_buffer old = worker->results;

    worker->results = message->results;
    worker->new_results = true;
    message->results = old;
}

static void on_answer(struct procspawn__worker *worker, struct procspawn__worker_message *message,
                      bool recycle) REQUIRES(pool_lock)
{
    struct procspawn__pool_call *call = take_call(worker);

    if (message->results.standing.size > 0)
        change_result_buffer(worker, message);
    procspawn__backoff_answered(&worker->pool->backoff);
    pass_on(&message->outcome, &call->handle.outcome);
    procspawn__pool_call_end(call);
    if (recycle)
        procspawn__worker_terminate(worker, SIGKILL, 0);
    procspawn__pool_feed(worker->pool);
}

static void on_failure(struct procspawn__worker *worker, struct procspawn__worker_message *message)
    REQUIRES(pool_lock)
{
    struct procspawn__pool_call *call = take_call(worker);

    pass_on(&message->outcome, &call->handle.outcome);
    procspawn__worker_terminate(worker, SIGKILL, 0);
    procspawn__pool_call_end(call);
}

/*
 * The call goes to another worker. But workers are not trusted: after as many refusals as the pool
 * may have workers the failure is the call's.
 */
static void on_refusal(struct procspawn__worker *worker, struct procspawn__worker_message *message)
    REQUIRES(pool_lock)
{
    struct procspawn__pool_call *call = worker->call;

    if (call->refusals >= worker->pool->config.maximum || !can_be_sent_again(call)) {
        on_failure(worker, message);
        return;
    }
    procspawn__worker_terminate(worker, SIGKILL, 0);
    call->refusals++;
    requeue(worker);
}

static void on_backtrace(struct procspawn__worker *worker,
                         struct procspawn__worker_message *message) REQUIRES(pool_lock)
{
    struct procspawn__outcome *outcome =
        worker->call ? &worker->call->handle.outcome : &worker->start;

    procspawn__outcome_pass_trace(&message->outcome, outcome);
}

/* The worker's state is unknown: kills it. Its call has failed. */
static void on_broken(struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    if (worker->call) {
        struct procspawn__pool_call *call = take_call(worker);
        procspawn__outcome_fail(&call->handle.outcome,
                                procspawn__error_new(PROCSPAWN_ERROR_IO, EPROTO,
                                                     "the answer cannot be received"));
        procspawn__pool_call_end(call);
    }
    procspawn__worker_terminate(worker, SIGKILL, 0);
}

/* Sets the failure. An end without DEATH: the server died, or the worker shut down its channel. */
static void set_end(struct procspawn__outcome *outcome,
                    const struct procspawn__worker_message *message)
{
    if (message->incoming.kind == PROCSPAWN__INCOMING_DEATH)
        procspawn__outcome_death(outcome, &message->incoming.death);
    else if (message->incoming.kind == PROCSPAWN__INCOMING_CLOSED)
        procspawn__outcome_fail(outcome, procspawn__error_new(PROCSPAWN_ERROR_IO, EBADF,
                                                              "this program has closed the channel "
                                                              "of the worker"));
    else if (message->server_lost)
        procspawn__outcome_lost(outcome);
    else
        procspawn__outcome_fail(outcome, procspawn__error_new(PROCSPAWN_ERROR_REMOTE_CLOSE, 0,
                                                              "the process closed its channel"));
}

static void end_call(struct procspawn__worker *worker,
                     const struct procspawn__worker_message *message,
                     const struct procspawn__worker_report *report) REQUIRES(pool_lock)
{
    struct procspawn__pool_call *call = worker->call;

    if (!report->by_pool && report->unread && can_be_sent_again(call)) {
        requeue(worker);
        return;
    }
    take_call(worker);
    set_end(&call->handle.outcome, message);
    procspawn__pool_call_end(call);
}

static void on_failed_start(struct procspawn__worker *worker, bool unread) REQUIRES(pool_lock)
{
    procspawn_error *error = worker->start.error;

    worker->start.error = NULL;
    if (unread)
        procspawn__start_unread(worker->pool, error);
    else
        procspawn__start_failed(worker->pool, error, false);
}

/* The table's reference ends here: the worker is freed when this thread releases the lock. */
static void on_left(struct procspawn__worker *worker,
                    const struct procspawn__worker_message *message,
                    const struct procspawn__worker_report *report) REQUIRES(pool_lock)
{
    if (worker->call)
        end_call(worker, message, report);
    else
        set_end(&worker->start, message);
    procspawn__worker_unwatch(worker);
    procspawn__worker_remove(worker);
    if (report->early)
        on_failed_start(worker, report->unread);
}

void procspawn__schedule_act(struct procspawn__worker *worker,
                             struct procspawn__worker_message *message)
{
    struct procspawn__worker_report report = procspawn__worker_report(worker, message);

    switch (report.what) {
    case PROCSPAWN__WORKER_SILENT:
        break;
    case PROCSPAWN__WORKER_PREPARED:
        on_prepared(worker);
        break;
    case PROCSPAWN__WORKER_READY:
        on_ready(worker);
        break;
    case PROCSPAWN__WORKER_ANSWERED:
        on_answer(worker, message, report.recycle);
        break;
    case PROCSPAWN__WORKER_FAILED:
        on_failure(worker, message);
        break;
    case PROCSPAWN__WORKER_REFUSED:
        on_refusal(worker, message);
        break;
    case PROCSPAWN__WORKER_UNREADY:
        pass_on(&message->outcome, &worker->start);
        break;
    case PROCSPAWN__WORKER_TRACED:
        on_backtrace(worker, message);
        break;
    case PROCSPAWN__WORKER_BROKEN:
        on_broken(worker);
        break;
    case PROCSPAWN__WORKER_LEFT:
        on_left(worker, message, &report);
        break;
    }
}
