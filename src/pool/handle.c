/*
 * handle.c - the handle of a call of a pool: waits for the call, ends it, frees it
 */
#include "src/pool/handle.h"

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/call/capture.h"
#include "src/call/handle.h"
#include "src/call/stacks.h"
#include "src/client/remote_child.h"
#include "src/error/error.h"
#include "src/pool/interest.h"
#include "src/pool/job.h"
#include "src/pool/lock.h"
#include "src/pool/receive.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/terminate.h"
#include "src/pool/worker.h"
#include "src/scope/current.h"
#include "src/scope/wait_points.h"
#include "src/wire/frame.h"
#include "src/wire/protocol.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

static struct procspawn__pool_call *call_of(const procspawn_handle *handle)
{
    return (struct procspawn__pool_call *)(uintptr_t)handle;
}

static bool has_ended(const struct procspawn__pool_call *call)
{
    return procspawn__pool_call_has_ended(call);
}

/* Returns whether the call has not ended: then it is freed when it does. */
static bool drop_living(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;

    procspawn__pool_enter(pool);
    bool lives = !has_ended(call);
    call->dropped = lives;
    if (lives && call->worker)
        procspawn__worker_update_interest(call->worker);
    procspawn__pool_leave(pool);
    return lives;
}

static void call_drop(procspawn_handle *handle)
{
    struct procspawn__pool_call *call = call_of(handle);

    if (has_ended(call) || !drop_living(call))
        procspawn__pool_call_free_ended(call);
}

static void call_forget(procspawn_handle *handle)
{
    procspawn__pool_call_forget(call_of(handle));
}

/* ---- waiting ---- */

static int need_event(struct procspawn__pool_call *call) REQUIRES(pool_lock)
{
    if (base__fd_is_ours(call->event))
        return 0;
    int fd = base__event_reopen(&call->event);
    if (fd < 0)
        return fd;
    if (has_ended(call))
        base__event_raise(call->event);
    if (call->worker)
        procspawn__worker_update_interest(call->worker);
    return 0;
}

/* One sleep of a joiner: on the worker's channel, or on the event. */
struct sleep {
    procspawn_pool *pool;
    struct procspawn__worker *worker;   /* this thread polls its channel; NULL: none */
    int fd;
    bool was_reset;
};

/* False while another thread receives from the worker: it may have the answer already. */
static bool can_poll(const struct procspawn__pool_call *call) REQUIRES(pool_lock)
{
    return call->worker && call->event < 0 && !call->worker->receiving;
}

static int begin_sleep(struct procspawn__pool_call *call, struct sleep *sleep) REQUIRES(pool_lock)
{
    *sleep = (struct sleep){ .pool = call->pool };
    if (can_poll(call)) {
        sleep->worker = call->worker;
        sleep->fd = call->worker->child.channel;
        procspawn__worker_begin_join(call->worker);
        return 0;
    }
    int rc = need_event(call);
    sleep->fd = call->event;
    return rc;
}

static void end_sleep(struct sleep *sleep) ACQUIRE(pool_lock)
{
    procspawn__pool_enter(sleep->pool);
    if (!sleep->worker)
        return;
    sleep->worker->left_unread |= sleep->was_reset;
    procspawn__worker_end_join(sleep->worker);
}

static void unwound_in_sleep(void *data)
{
    struct sleep *sleep = data;
    int cancel;

    base__stack_unwound();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    end_sleep(sleep);
    procspawn__pool_unlock(sleep->pool);
    pthread_setcancelstate(cancel, NULL);
}

/* Without a task that could be cancelled, and without a near deadline, the channel is enough. */
static bool waits_for_channel_only(const struct sleep *sleep, int64_t deadline)
{
    return sleep->worker && sleep->worker->waits_end && !scoped__activation()->node &&
           (deadline == BASE_NEVER || deadline > base__now() + BASE_SECOND);
}

/* A channel that the program has closed ends the call at the next look. */
static int wait_once(struct sleep *sleep, int64_t deadline)
{
    if (sleep->worker && !base__fd_is_ours(sleep->fd))
        return 0;
    if (!waits_for_channel_only(sleep, deadline))
        return scoped__wait_event(sleep->fd, deadline);
    sleep->was_reset = wire__wait(sleep->fd) == -ECONNRESET;
    return 0;
}

/*
 * Sleeps once, without the lock, and for a second at most: the dispatcher may end the call without
 * an event of the worker's channel. The only place where a joiner can be cancelled. 0, also at the
 * deadline, or -errno.
 */
static int sleep_until(struct procspawn__pool_call *call, int64_t deadline, int cancel)
    REQUIRES(pool_lock)
{
    struct sleep sleep;
    int rc = begin_sleep(call, &sleep);

    if (rc < 0)
        return rc;
    procspawn__pool_leave(call->pool);
    pthread_cleanup_push(unwound_in_sleep, &sleep);
    pthread_setcancelstate(cancel, NULL);
    rc = wait_once(&sleep, deadline);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cleanup_pop(0);
    end_sleep(&sleep);
    return rc;
}

/* With the lock held. The first look comes after a sleep: an answer is not expected before. */
static int wait_for_end(struct procspawn__pool_call *call, int64_t timeout, int cancel)
    REQUIRES(pool_lock)
{
    int64_t deadline = base__deadline(timeout);
    bool look = timeout == 0;

    for (;;) {
        int rc = look && call->worker ? procspawn__worker_try_receive(call->worker) : 0;
        if (has_ended(call))
            return 0;
        if (look && deadline != BASE_NEVER && base__now() >= deadline)
            return rc < 0 ? rc : -ETIMEDOUT;
        if (rc == 0)
            rc = sleep_until(call, deadline, cancel);
        if (rc < 0)
            return rc;
        look = true;
    }
}

static int call_answered(procspawn_handle *handle, int64_t timeout)
{
    struct procspawn__pool_call *call = call_of(handle);
    int cancel;

    if (has_ended(call))
        return 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(call->pool);
    int rc = wait_for_end(call, timeout, cancel);
    procspawn__pool_leave(call->pool);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

static int call_gone(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage)
{
    return ret_usage ? -ENOTSUP : call_answered(handle, timeout);
}

/* ---- ending ---- */

static void end_by_hand(struct procspawn__pool_call *call, int signal, int64_t grace,
                        enum wire_end_cause cause) REQUIRES(pool_lock)
{
    if (call->worker)
        procspawn__worker_try_receive(call->worker);
    if (call->state == PROCSPAWN__CALL_QUEUED)
        procspawn__pool_cancel_call(call, procspawn__error_new(PROCSPAWN_ERROR_CANCELLED, 0,
                                                               "killed before it was started"));
    if (!call->worker)
        return;
    procspawn__worker_end_cause(call->worker, cause);
    procspawn__worker_terminate(call->worker, signal, grace);
}

static int call_end(procspawn_handle *handle, int signal, int64_t grace, enum wire_end_cause cause)
{
    struct procspawn__pool_call *call = call_of(handle);
    int cancel;

    if (has_ended(call))
        return 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(call->pool);
    end_by_hand(call, signal, grace, cause);
    procspawn__pool_leave(call->pool);
    pthread_setcancelstate(cancel, NULL);
    return 0;
}

static int call_try_kill(procspawn_handle *handle)
{
    return call_end(handle, SIGKILL, 0, WIRE_ENDED_BY_PROGRAM);
}

/* ---- stacks ---- */

/* False: no worker runs it. */
static bool runs_on(struct procspawn__pool_call *call, struct procspawn__remote_child *ret_child)
{
    int cancel;

    if (has_ended(call))
        return false;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(call->pool);
    bool runs = call->worker && call->state == PROCSPAWN__CALL_RUNNING;
    if (runs)
        *ret_child = call->worker->child;
    procspawn__pool_leave(call->pool);
    pthread_setcancelstate(cancel, NULL);
    return runs;
}

/* When the call has ended meanwhile, the worker may have been seen in its next one. */
static int call_stacks(procspawn_handle *handle, int64_t deadline, procspawn_error **ret_report)
{
    struct procspawn__pool_call *call = call_of(handle);
    struct procspawn__remote_child child;

    if (!runs_on(call, &child))
        return -ESRCH;
    int rc = procspawn__stacks(&child, deadline, ret_report);
    if (call_answered(handle, 0) != 0 || rc < 0)
        return rc;
    procspawn_error_free(*ret_report);
    return -ESRCH;
}

/* ---- the rest ---- */

static bool call_listen(procspawn_handle *handle, struct procspawn__listener *listener)
{
    struct procspawn__pool_call *call = call_of(handle);
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(call->pool);
    bool lives = !has_ended(call);
    if (lives)
        call->listener = listener;
    if (lives && call->worker)
        procspawn__worker_update_interest(call->worker);
    procspawn__pool_leave(call->pool);
    pthread_setcancelstate(cancel, NULL);
    return lives;
}

static pid_t call_pid(const procspawn_handle *handle)
{
    const struct procspawn__pool_call *call = call_of(handle);

    procspawn__pool_enter(call->pool);
    pid_t pid = call->worker ? call->worker->child.pid : 0;
    procspawn__pool_leave(call->pool);
    return pid;
}

static int call_fd(const procspawn_handle *handle)
{
    struct procspawn__pool_call *call = call_of(handle);
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(call->pool);
    need_event(call);
    int fd = call->event;
    procspawn__pool_leave(call->pool);
    pthread_setcancelstate(cancel, NULL);
    return fd;
}

/* Set, and set anew, when the call is sent. */
static struct procspawn__capture *call_capture(procspawn_handle *handle)
{
    struct procspawn__pool_call *call = call_of(handle);

    if (has_ended(call))
        return procspawn__capture_ref(handle->capture);
    procspawn__pool_enter(call->pool);
    struct procspawn__capture *capture = procspawn__capture_ref(handle->capture);
    procspawn__pool_leave(call->pool);
    return capture;
}

static const struct procspawn__learning *call_learning(const procspawn_handle *handle)
{
    return call_of(handle)->pool->learning;
}

const struct procspawn__handle_kind procspawn__pool_call_kind = {
    .pooled = true,
    .answered = call_answered,
    .gone = call_gone,
    .end = call_end,
    .try_kill = call_try_kill,
    .stacks = call_stacks,
    .listen = call_listen,
    .pid = call_pid,
    .fd = call_fd,
    .drop = call_drop,
    .forget = call_forget,
    .capture = call_capture,
    .learning = call_learning,
};
