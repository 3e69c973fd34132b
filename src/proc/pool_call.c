/*
 * pool_call.c - one call of a pool, as its handle
 */
#include "src/proc/pool.h"

#include "src/base/clock.h"
#include "src/scope/wait.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct procspawn__pool_call *call_of(const procspawn_handle *handle)
{
    return (struct procspawn__pool_call *)(uintptr_t)handle;
}

/* ---- life ---- */

static void free_call(struct procspawn__pool_call *call)
{
    if (call->event >= 0)
        close(call->event);
    procspawn__handle_fini(&call->handle);
    free(call);
}

void procspawn__pool_call_free(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;

    procspawn__draft_fini(&call->draft);
    free_call(call);
    procspawn__pool_unref(pool);
}

static void tell_event(const struct procspawn__pool_call *call)
{
    if (call->event >= 0)
        eventfd_write(call->event, 1);
}

/* Not the last to know the pool: as long as there are calls, its owner is still there. */
void procspawn__pool_call_end(struct procspawn__pool_call *call)
{
    call->state = PROCSPAWN__CALL_ENDED;
    call->worker = NULL;
    procspawn__draft_fini(&call->draft);
    tell_event(call);
    if (call->dropped) {
        call->pool->references--;
        free_call(call);
    }
}

static void call_drop(procspawn_handle *handle)
{
    struct procspawn__pool_call *call = call_of(handle);
    procspawn_pool *pool = call->pool;

    pthread_mutex_lock(&pool->lock);
    bool ended = call->state == PROCSPAWN__CALL_ENDED;
    if (!ended) {
        call->dropped = true;
        if (call->worker)
            procspawn__worker_attend(call->worker);
    }
    pthread_mutex_unlock(&pool->lock);
    if (ended) {
        free_call(call);
        procspawn__pool_unref(pool);
    }
}

/* ---- waiting ---- */

static int need_event(struct procspawn__pool_call *call)
{
    if (call->event >= 0)
        return 0;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    call->event = fd;
    if (call->state == PROCSPAWN__CALL_ENDED)
        tell_event(call);
    if (call->worker)
        procspawn__worker_attend(call->worker);
    return 0;
}

/* One sleep of a joiner: on the worker's channel, or on the event. */
struct sleep {
    procspawn_pool *pool;
    struct procspawn__worker *worker;   /* followed; NULL: none */
    int fd;
};

static int begin_sleep(struct procspawn__pool_call *call, struct sleep *sleep)
{
    *sleep = (struct sleep){ .pool = call->pool };
    if (call->worker && call->event < 0) {
        sleep->worker = call->worker;
        sleep->fd = call->worker->taken.channel;
        procspawn__worker_follow(call->worker);
        return 0;
    }
    int rc = need_event(call);
    sleep->fd = call->event;
    return rc;
}

static void end_sleep(void *data)
{
    struct sleep *sleep = data;

    pthread_mutex_lock(&sleep->pool->lock);
    if (sleep->worker)
        procspawn__worker_unfollow(sleep->worker);
}

static void end_cancelled_sleep(void *data)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    end_sleep(data);
    pthread_mutex_unlock(&((struct sleep *)data)->pool->lock);
    pthread_setcancelstate(cancel, NULL);
}

/* Lets go of the lock while it sleeps. The only place where a joiner can be cancelled. */
static int sleep_until(struct procspawn__pool_call *call, int64_t deadline, int cancel)
{
    struct sleep sleep;
    int rc = begin_sleep(call, &sleep);

    if (rc < 0)
        return rc;
    pthread_mutex_unlock(&call->pool->lock);
    pthread_cleanup_push(end_cancelled_sleep, &sleep);
    pthread_setcancelstate(cancel, NULL);
    rc = scoped__wait_fd(sleep.fd, POLLIN, deadline);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cleanup_pop(0);
    end_sleep(&sleep);
    return rc == -ETIMEDOUT ? 0 : rc;
}

/* With the lock. To look before the first sleep would be in vain: a call takes its time. */
static int wait_for_end(struct procspawn__pool_call *call, int64_t timeout, int cancel)
{
    int64_t deadline = base__deadline(timeout);
    bool look = timeout == 0;

    for (;;) {
        if (look && call->worker)
            procspawn__worker_look(call->worker);
        if (call->state == PROCSPAWN__CALL_ENDED)
            return 0;
        if (look && deadline != BASE_NEVER && base__now() >= deadline)
            return -ETIMEDOUT;
        int rc = sleep_until(call, deadline, cancel);
        if (rc < 0)
            return rc;
        look = true;
    }
}

static int call_answered(procspawn_handle *handle, int64_t timeout)
{
    struct procspawn__pool_call *call = call_of(handle);
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&call->pool->lock);
    int rc = wait_for_end(call, timeout, cancel);
    pthread_mutex_unlock(&call->pool->lock);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

static int call_gone(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage)
{
    return ret_usage ? -ENOTSUP : call_answered(handle, timeout);
}

/* ---- ending ---- */

static void end_by_hand(struct procspawn__pool_call *call, int signal, int64_t grace)
{
    if (call->worker)
        procspawn__worker_look(call->worker);
    if (call->state == PROCSPAWN__CALL_QUEUED)
        procspawn__pool_expel(call, procspawn__error_new(PROCSPAWN_ERROR_CANCELLED, 0,
                                                         "killed before it was started"));
    else if (call->worker)
        procspawn__worker_end(call->worker, signal, grace);
}

static int call_end(procspawn_handle *handle, int signal, int64_t grace)
{
    struct procspawn__pool_call *call = call_of(handle);
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&call->pool->lock);
    end_by_hand(call, signal, grace);
    pthread_mutex_unlock(&call->pool->lock);
    pthread_setcancelstate(cancel, NULL);
    return 0;
}

/* ---- the rest ---- */

static pid_t call_pid(const procspawn_handle *handle)
{
    const struct procspawn__pool_call *call = call_of(handle);

    pthread_mutex_lock(&call->pool->lock);
    pid_t pid = call->worker ? call->worker->taken.pid : 0;
    pthread_mutex_unlock(&call->pool->lock);
    return pid;
}

static int call_fd(const procspawn_handle *handle)
{
    struct procspawn__pool_call *call = call_of(handle);

    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&call->pool->lock);
    need_event(call);
    pthread_mutex_unlock(&call->pool->lock);
    pthread_setcancelstate(cancel, NULL);
    return call->event;
}

static const struct procspawn__handle_kind kind = {
    .answered = call_answered,
    .gone = call_gone,
    .end = call_end,
    .pid = call_pid,
    .fd = call_fd,
    .drop = call_drop,
};

struct procspawn__pool_call *procspawn__pool_call_new(procspawn_pool *pool)
{
    struct procspawn__pool_call *call = malloc(sizeof *call);

    if (!call)
        return NULL;
    *call = (struct procspawn__pool_call){ .pool = pool, .deadline = BASE_NEVER, .event = -1 };
    procspawn__handle_init(&call->handle, &kind);
    procspawn__draft_init(&call->draft);
    list_init(&call->in_queue);
    pthread_mutex_lock(&pool->lock);
    pool->references++;
    pthread_mutex_unlock(&pool->lock);
    return call;
}
