/*
 * pool_worker.c - one worker: its states, and what comes up its channel
 */
#include "src/proc/pool.h"

#include "src/base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum event {
    EV_READY,                   /* it has prepared itself */
    EV_CALL,                    /* it was sent a call */
    EV_ANSWER,                  /* it has answered and waits for the next call */
    EV_END,                     /* we end it, or it said that it leaves */
    EV_DEATH,
    EVENTS
};

static const enum procspawn__worker_state next[PROCSPAWN__WORKER_STATES][EVENTS] = {
    [PROCSPAWN__WORKER_STARTING] = {
        [EV_READY] = PROCSPAWN__WORKER_IDLE,
        [EV_END] = PROCSPAWN__WORKER_ENDING,
        [EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_IDLE] = {
        [EV_CALL] = PROCSPAWN__WORKER_RUNNING,
        [EV_END] = PROCSPAWN__WORKER_ENDING,
        [EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_RUNNING] = {
        [EV_ANSWER] = PROCSPAWN__WORKER_IDLE,
        [EV_END] = PROCSPAWN__WORKER_ENDING,
        [EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
    [PROCSPAWN__WORKER_ENDING] = {
        [EV_ANSWER] = PROCSPAWN__WORKER_ENDING,     /* it came before the end, and stands */
        [EV_DEATH] = PROCSPAWN__WORKER_GONE,
    },
};

/* The dispatcher is told when the pool may shrink earlier than it would look. */
static void note_idle(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;

    if (pool->plan.minimum == pool->plan.maximum)
        return;
    worker->idle_until = base__deadline(pool->plan.idle_timeout);
    if (pool->wanted > pool->plan.minimum && worker->idle_until < pool->wake_at)
        procspawn__pool_wake(pool);
}

/* The only place where a worker's state changes. */
static bool step(struct procspawn__worker *worker, enum event event)
{
    enum procspawn__worker_state state = next[worker->state][event];
    procspawn_pool *pool = worker->pool;

    if (state == PROCSPAWN__WORKER_BUG)
        return false;
    worker->state = state;
    list_remove(&worker->in_idle);
    if (state == PROCSPAWN__WORKER_IDLE) {
        list_prepend(&pool->idle, &worker->in_idle);
        note_idle(worker);
    }
    return true;
}

static void unref(struct procspawn__worker *worker)
{
    if (--worker->references > 0)
        return;
    wire__close(worker->taken.channel);
    if (worker->statm >= 0)
        close(worker->statm);
    procspawn__answer_fini(&worker->start);
    free(worker);
}

/* ---- who waits for its messages ---- */

static void listen_to(struct procspawn__worker *worker, bool on)
{
    struct epoll_event event = { .events = on ? EPOLLIN : 0, .data.u64 = worker->serial };

    if (worker->listened == on || worker->state == PROCSPAWN__WORKER_GONE)
        return;
    worker->listened = on;
    epoll_ctl(worker->pool->epoll, EPOLL_CTL_MOD, worker->taken.channel, &event);
}

static bool needs_dispatcher(const struct procspawn__worker *worker)
{
    const procspawn_pool *pool = worker->pool;
    const struct procspawn__pool_call *call = worker->call;

    if (!call || worker->followed)
        return false;
    return pool->queued > 0 || !list_empty(&pool->waiters) || call->dropped || call->event >= 0;
}

/* Listening in vain costs little, so it ends only when somebody follows. */
void procspawn__worker_attend(struct procspawn__worker *worker)
{
    if (needs_dispatcher(worker))
        listen_to(worker, true);
}

void procspawn__worker_follow(struct procspawn__worker *worker)
{
    worker->references++;
    worker->followed = true;
    listen_to(worker, false);
}

void procspawn__worker_unfollow(struct procspawn__worker *worker)
{
    worker->followed = false;
    procspawn__worker_attend(worker);
    unref(worker);
}

/* ---- its life ---- */

static int register_channel(struct procspawn__worker *worker)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = worker->serial };

    worker->listened = true;
    return epoll_ctl(worker->pool->epoll, EPOLL_CTL_ADD, worker->taken.channel, &event) < 0
               ? -errno : 0;
}

int procspawn__worker_add(procspawn_pool *pool, const struct procspawn__taken *taken)
{
    struct procspawn__worker *worker = calloc(1, sizeof *worker);

    if (!worker)
        return -ENOMEM;
    *worker = (struct procspawn__worker){
        .pool = pool,
        .taken = *taken,
        .state = PROCSPAWN__WORKER_STARTING,
        .references = 1,
        .serial = ++pool->last_serial,
        .statm = -1,
    };
    list_init(&worker->in_idle);
    int rc = register_channel(worker);
    if (rc < 0) {
        free(worker);
        return rc;
    }
    pool->workers[pool->worker_count++] = worker;
    return 0;
}

struct procspawn__worker *procspawn__worker_find(const procspawn_pool *pool, uint64_t serial)
{
    for (unsigned i = 0; i < pool->worker_count; i++) {
        if (pool->workers[i]->serial == serial)
            return pool->workers[i];
    }
    return NULL;
}

int procspawn__worker_start(struct procspawn__worker *worker, struct procspawn__pool_call *call)
{
    call->draft.call.generation = worker->generation + 1;
    int rc = procspawn__draft_send(&call->draft, worker->taken.channel);
    if (rc == -EPIPE || rc == -EAGAIN) {
        procspawn__worker_end(worker, SIGKILL, 0);
        return -EPIPE;
    }
    if (rc < 0)
        return rc;
    worker->generation++;
    worker->call = call;
    call->worker = worker;
    call->state = PROCSPAWN__CALL_RUNNING;
    worker->pool->active++;
    procspawn__draft_spend(&call->draft);
    step(worker, EV_CALL);
    procspawn__worker_attend(worker);
    return 0;
}

void procspawn__worker_end(struct procspawn__worker *worker, int signal, int64_t grace)
{
    if (step(worker, EV_END))
        procspawn__client_end_child(&worker->taken, signal, grace);
}

void procspawn__worker_past_deadline(struct procspawn__worker *worker)
{
    if (step(worker, EV_END))
        procspawn__client_limit(&worker->taken, base__now());
}

/* The outcome of its call is there. */
static void release_call(struct procspawn__worker *worker)
{
    struct procspawn__pool_call *call = worker->call;

    if (!call)
        return;
    worker->call = NULL;
    worker->pool->active--;
    procspawn__pool_call_end(call);
}

/* Resident pages are the second number. */
static bool too_big(struct procspawn__worker *worker)
{
    uint64_t limit = worker->pool->plan.recycle_bytes;
    char text[64];

    if (limit == 0)
        return false;
    if (worker->statm < 0) {
        snprintf(text, sizeof text, "/proc/%d/statm", (int)worker->taken.pid);
        worker->statm = open(text, O_RDONLY | O_CLOEXEC);
    }
    ssize_t length = pread(worker->statm, text, sizeof text - 1, 0);
    if (length <= 0)
        return false;
    text[length] = '\0';
    uint64_t pages = strtoull(text + strcspn(text, " "), NULL, 10);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) > limit;
}

static bool worn_out(struct procspawn__worker *worker)
{
    const struct procspawn__pool_plan *plan = &worker->pool->plan;

    if (plan->recycle_calls > 0 && worker->ended_calls >= plan->recycle_calls)
        return true;
    return too_big(worker);
}

static void after_call(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;

    worker->ended_calls++;
    pool->failures = 0;
    release_call(worker);
    if (!step(worker, EV_ANSWER) || worker->state != PROCSPAWN__WORKER_IDLE)
        return;
    if (worn_out(worker))
        procspawn__worker_end(worker, SIGKILL, 0);
    procspawn__pool_feed(pool);
}

/* ---- messages ---- */

static void on_result(struct procspawn__worker *worker, struct wire_frame *frame)
{
    struct wire_value head;

    if (frame->header.length < sizeof head)
        return;
    memcpy(&head, frame->body, sizeof head);
    if (head.generation != worker->generation)
        return;
    if (worker->call) {
        procspawn__answer_keep(&worker->call->handle.answer, frame);
        after_call(worker);
    } else if (step(worker, EV_READY)) {
        worker->pool->unread = 0;
        procspawn__pool_feed(worker->pool);
    }
}

static void on_failure(struct procspawn__worker *worker, const struct wire_frame *frame)
{
    struct wire_failure head;

    if (frame->header.length < sizeof head)
        return;
    memcpy(&head, frame->body, sizeof head);
    if (head.generation != worker->generation)
        return;
    if (!worker->call) {
        procspawn__answer_failure(&worker->start, frame);
        return;
    }
    procspawn__answer_failure(&worker->call->handle.answer, frame);
    if (head.stays) {
        after_call(worker);
        return;
    }
    procspawn__worker_end(worker, SIGKILL, 0);
    release_call(worker);
}

/* Did it go before it was of any use, and by no doing of ours? */
static bool was_stillborn(const struct procspawn__worker *worker)
{
    return worker->state == PROCSPAWN__WORKER_STARTING ||
           (worker->state == PROCSPAWN__WORKER_IDLE && worker->ended_calls == 0);
}

static void leave_pool(struct procspawn__worker *worker)
{
    procspawn_pool *pool = worker->pool;
    unsigned i = 0;

    while (pool->workers[i] != worker)
        i++;
    pool->workers[i] = pool->workers[--pool->worker_count];
    epoll_ctl(pool->epoll, EPOLL_CTL_DEL, worker->taken.channel, NULL);
    procspawn__pool_wake(pool);
    procspawn__pool_changed(pool);
    unref(worker);
}

/* An end without a death: the server's, which leaves nobody to ask; or the worker's own cut. */
static void tell_end(struct procspawn__worker *worker, struct procspawn__answer *answer,
                     const struct wire_death *death)
{
    if (death)
        procspawn__answer_death(answer, death);
    else if (procspawn__client_end_child(&worker->taken, SIGKILL, 0) == PROCSPAWN_ESERVER)
        procspawn__answer_lost(answer);
    else
        procspawn__answer_fail(answer, procspawn__error_new(PROCSPAWN_ERROR_REMOTE_CLOSE, 0,
                                                            "the process closed its channel"));
}

/* Was it gone before it took what was sent to it last? */
static bool took_nothing(const struct procspawn__worker *worker, const struct wire_death *death)
{
    return death ? death->unread : worker->left_unread;
}

/* A call that the worker never took is as good as new, unless its descriptors went with it. */
static bool can_run_again(const struct procspawn__worker *worker, const struct wire_death *death)
{
    return took_nothing(worker, death) && !worker->call->draft.spent &&
           worker->pool->state <= PROCSPAWN__POOL_CLOSING;
}

static void end_call(struct procspawn__worker *worker, const struct wire_death *death, bool by_us)
{
    struct procspawn__pool_call *call = worker->call;

    if (!by_us && can_run_again(worker, death)) {
        worker->call = NULL;
        worker->pool->active--;
        procspawn__pool_requeue(call);
        return;
    }
    tell_end(worker, &call->handle.answer, death);
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

/* death: NULL when the server died, and the worker with it. */
static void on_end(struct procspawn__worker *worker, const struct wire_death *death)
{
    bool stillborn = was_stillborn(worker);
    bool unread = took_nothing(worker, death);
    bool by_us = worker->state == PROCSPAWN__WORKER_ENDING;

    step(worker, EV_DEATH);
    if (worker->call)
        end_call(worker, death, by_us);
    else
        tell_end(worker, &worker->start, death);
    leave_pool(worker);
    if (stillborn)
        tell_failed_start(worker, unread);
}

static void on_frame(struct procspawn__worker *worker, struct wire_frame *frame)
{
    const struct wire_header *header = &frame->header;
    bool from_server = procspawn__taken_vouched(&worker->taken, frame);
    bool from_worker = frame->sender == worker->taken.pid;
    struct wire_death death;

    if (header->type == WIRE_RESULT && from_worker) {
        on_result(worker, frame);
    } else if (header->type == WIRE_FAILURE && from_worker) {
        on_failure(worker, frame);
    } else if (header->type == WIRE_BACKTRACE && from_server) {
        procspawn__answer_backtrace(worker->call ? &worker->call->handle.answer : &worker->start,
                                    frame);
    } else if (header->type == WIRE_DEATH && from_server && header->length == sizeof death) {
        memcpy(&death, frame->body, sizeof death);
        on_end(worker, &death);
    }
    wire__close_fds(frame);
}

/* What a message brought is lost, or it was none: nobody knows what the worker does now. */
static void on_broken(struct procspawn__worker *worker, int rc)
{
    if (worker->call) {
        procspawn__answer_fail(&worker->call->handle.answer,
                               procspawn__error_new(PROCSPAWN_ERROR_IO, -rc,
                                                    "the answer cannot be received"));
        release_call(worker);
    }
    procspawn__worker_end(worker, SIGKILL, 0);
}

void procspawn__worker_pump(struct procspawn__worker *worker)
{
    const struct procspawn__pool_call *call = worker->call;
    bool moving = true;

    worker->references++;
    while (moving && worker->state != PROCSPAWN__WORKER_GONE) {
        struct wire_frame *frame = &worker->pool->frame;
        int rc = wire__recv(worker->taken.channel, frame, true);
        worker->left_unread |= frame->was_reset;
        if (rc == 0)
            on_frame(worker, frame);
        else if (rc == -EPIPE)
            on_end(worker, NULL);
        else if (rc != -EAGAIN)
            on_broken(worker, rc);
        moving = rc == 0 && worker->call == call;
    }
    procspawn__pool_became_idle(worker->pool);
    unref(worker);
}

void procspawn__worker_look(struct procspawn__worker *worker)
{
    if (!worker->followed)
        procspawn__worker_pump(worker);
}
