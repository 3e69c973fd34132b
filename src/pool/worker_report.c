/*
 * worker_report.c - what a worker reports
 */
#include "src/pool/worker_report.h"

#include "src/base/fd.h"
#include "src/call/builder.h"
#include "src/call/incoming.h"
#include "src/client/child_end.h"
#include "src/pool/backoff.h"
#include "src/pool/state.h"
#include "src/pool/worker.h"
#include "src/wire/protocol.h"
#include <fcntl.h>
#include <forkscope/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- without the lock ---- */

/* The second number in statm is the number of resident pages. */
static bool too_big(struct procspawn__worker *worker)
{
    uint64_t limit = worker->pool->config.recycle_bytes;
    char text[64];

    if (limit == 0)
        return false;
    if (!base__fd_is_ours(worker->statm)) {
        base__fd_release(worker->statm);
        snprintf(text, sizeof text, "/proc/%d/statm", (int)worker->child.pid);
        worker->statm = base__fd_hold(open(text, O_RDONLY | O_CLOEXEC));
    }
    ssize_t length = pread(worker->statm, text, sizeof text - 1, 0);
    if (length <= 0)
        return false;
    text[length] = '\0';
    uint64_t pages = strtoull(text + strcspn(text, " "), NULL, 10);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) > limit;
}

/*
 * The channel has ended without DEATH. The channel was full, and the server reports the death on
 * its link; or the worker has shut down the channel; or the server has died.
 */
static void at_end(struct procspawn__worker *worker, struct procspawn__worker_message *message)
{
    message->server_lost = procspawn__client_fate(&worker->child) != PROCSPAWN__SERVED;
    if (message->server_lost || message->incoming.kind == PROCSPAWN__INCOMING_CLOSED)
        return;
    if (procspawn__client_await(&worker->await, &worker->child, true) == 0 && worker->await.known) {
        message->incoming.kind = PROCSPAWN__INCOMING_DEATH;
        message->incoming.death = worker->await.death;
    }
}

/* A channel that cannot be used any more is at its end. */
static void at_nothing(struct procspawn__worker *worker, struct procspawn__worker_message *message)
{
    if (procspawn__may_pass(message->incoming.error))
        return;
    message->incoming.kind = PROCSPAWN__INCOMING_END;
    message->incoming.error = 0;
    at_end(worker, message);
}

/* A result was too long for a frame and found no buffer of its length: the next one may. */
static void make_result_buffer(const struct procspawn__worker *worker,
                               struct procspawn__worker_message *message)
{
    size_t length = message->incoming.memfd_length;

    if (length > worker->results.standing.size && length <= WIRE_STANDING_MAX &&
        !worker->pool->config.fresh)
        wire__standing_to_read(length, &message->results.standing);
}

void procspawn__worker_receive_message(struct procspawn__worker *worker,
                                       struct procspawn__worker_message *message)
{
    *message = (struct procspawn__worker_message){ .results = PROCSPAWN__NO_RESULT_BUFFER };
    procspawn__incoming_receive(&worker->child, &worker->buffer, worker->lossy,
                                &worker->pool->process->limit, &worker->results,
                                &message->outcome, &message->incoming);
    switch (message->incoming.kind) {
    case PROCSPAWN__INCOMING_RESULT:
        make_result_buffer(worker, message);
        message->too_big = too_big(worker);
        break;
    case PROCSPAWN__INCOMING_FAILURE:
        message->too_big = too_big(worker);
        break;
    case PROCSPAWN__INCOMING_END:
    case PROCSPAWN__INCOMING_CLOSED:
        at_end(worker, message);
        break;
    case PROCSPAWN__INCOMING_NOTHING:
        at_nothing(worker, message);
        break;
    default:
        break;
    }
}

/* ---- with the lock held ---- */

static bool is_to_recycle(const struct procspawn__worker *worker,
                          const struct procspawn__worker_message *message) REQUIRES(pool_lock)
{
    uint64_t calls = worker->pool->config.recycle_calls;
    return message->too_big || (calls > 0 && worker->ended_calls >= calls);
}

/* A worker that answers in state ENDING is to end at once: its grace was for the call. */
static struct procspawn__worker_report on_answer(struct procspawn__worker *worker,
                                                 const struct procspawn__worker_message *message)
    REQUIRES(pool_lock)
{
    worker->ended_calls++;
    procspawn__worker_step(worker, PROCSPAWN__EV_ANSWER);
    return (struct procspawn__worker_report){
        .what = PROCSPAWN__WORKER_ANSWERED,
        .recycle = worker->state != PROCSPAWN__WORKER_IDLE || !message->incoming.keep_alive ||
                   is_to_recycle(worker, message),
    };
}

/* The last answer before the first call says that the worker is ready. */
static enum procspawn__worker_happening on_step_of_start(struct procspawn__worker *worker)
    REQUIRES(pool_lock)
{
    bool was_prepared = worker->prepared;

    worker->prepared = true;
    if (worker->pool->initializer && !was_prepared)
        return worker->state == PROCSPAWN__WORKER_STARTING ? PROCSPAWN__WORKER_PREPARED
                                                           : PROCSPAWN__WORKER_SILENT;
    return procspawn__worker_step(worker, PROCSPAWN__EV_READY) ? PROCSPAWN__WORKER_READY
                                                               : PROCSPAWN__WORKER_SILENT;
}

static struct procspawn__worker_report on_result(struct procspawn__worker *worker,
                                                 const struct procspawn__worker_message *message)
    REQUIRES(pool_lock)
{
    if (worker->call)
        return on_answer(worker, message);
    return (struct procspawn__worker_report){ .what = on_step_of_start(worker) };
}

/*
 * Did the set-up fail because of an earlier call in the same worker? A new worker has run no other
 * call, so its failure is the call's.
 */
static bool was_spoilt(const struct procspawn__worker *worker,
                       const struct procspawn__worker_message *message) REQUIRES(pool_lock)
{
    const procspawn_error *error = message->outcome.error;

    return worker->state == PROCSPAWN__WORKER_RUNNING && worker->ended_calls > 0 && error &&
           procspawn_error_kind(error) == PROCSPAWN_ERROR_SETUP;
}

static struct procspawn__worker_report on_failure(struct procspawn__worker *worker,
                                                  const struct procspawn__worker_message *message)
    REQUIRES(pool_lock)
{
    enum procspawn__worker_happening what = PROCSPAWN__WORKER_FAILED;

    if (worker->call && message->incoming.keep_alive)
        return on_answer(worker, message);
    if (!worker->call)
        what = PROCSPAWN__WORKER_UNREADY;
    else if (was_spoilt(worker, message))
        what = PROCSPAWN__WORKER_REFUSED;
    return (struct procspawn__worker_report){ .what = what };
}

/* Has it ended before it finished a call, and without being ended for another reason? */
static bool is_early(const struct procspawn__worker *worker) REQUIRES(pool_lock)
{
    return worker->unusable || worker->state == PROCSPAWN__WORKER_STARTING ||
           (worker->state == PROCSPAWN__WORKER_IDLE && worker->ended_calls == 0);
}

static struct procspawn__worker_report on_end(struct procspawn__worker *worker,
                                              const struct procspawn__worker_message *message)
    REQUIRES(pool_lock)
{
    const struct wire_death *death = &message->incoming.death;
    bool dead = message->incoming.kind == PROCSPAWN__INCOMING_DEATH;
    struct procspawn__worker_report report = {
        .what = PROCSPAWN__WORKER_LEFT,
        .early = is_early(worker),
        .by_pool = worker->state == PROCSPAWN__WORKER_ENDING,
        .unread = dead ? death->unread : worker->left_unread,
    };

    procspawn__worker_step(worker, dead && !death->lingers ? PROCSPAWN__EV_DEATH
                                                           : PROCSPAWN__EV_LOST);
    return report;
}

struct procspawn__worker_report
procspawn__worker_report(struct procspawn__worker *worker,
                         const struct procspawn__worker_message *message)
{
    const struct procspawn__incoming *incoming = &message->incoming;
    enum procspawn__worker_happening what = PROCSPAWN__WORKER_SILENT;

    worker->left_unread |= incoming->was_reset;
    switch (incoming->kind) {
    case PROCSPAWN__INCOMING_RESULT:
        if (incoming->generation == worker->generation)
            return on_result(worker, message);
        break;
    case PROCSPAWN__INCOMING_FAILURE:
        if (incoming->generation == worker->generation)
            return on_failure(worker, message);
        break;
    case PROCSPAWN__INCOMING_DEATH:
    case PROCSPAWN__INCOMING_END:
    case PROCSPAWN__INCOMING_CLOSED:
        return on_end(worker, message);
    case PROCSPAWN__INCOMING_BACKTRACE:
        what = PROCSPAWN__WORKER_TRACED;
        break;
    case PROCSPAWN__INCOMING_REFUSED:
    case PROCSPAWN__INCOMING_BROKEN:
        what = PROCSPAWN__WORKER_BROKEN;
        break;
    case PROCSPAWN__INCOMING_NOTHING:
    case PROCSPAWN__INCOMING_IGNORED:
    case PROCSPAWN__INCOMING_REBORN:
        break;
    }
    return (struct procspawn__worker_report){ .what = what };
}
