/*
 * pool.c - the pool as a whole
 */
#include "src/proc/pool.h"

#include "src/base/clock.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* All pools of this process, for procspawn_fini(). */
static struct {
    pthread_mutex_t lock;
    struct list pools;
    pid_t owner;
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void enter_registry(procspawn_pool *pool)
{
    pthread_mutex_lock(&registry.lock);
    if (registry.owner != pool->owner)
        list_init(&registry.pools);
    registry.owner = pool->owner;
    list_append(&registry.pools, &pool->in_registry);
    pthread_mutex_unlock(&registry.lock);
}

static void leave_registry(procspawn_pool *pool)
{
    pthread_mutex_lock(&registry.lock);
    list_remove(&pool->in_registry);
    pthread_mutex_unlock(&registry.lock);
}

/* ---- life ---- */

static void destroy(procspawn_pool *pool)
{
    if (pool->epoll >= 0)
        close(pool->epoll);
    if (pool->wake >= 0)
        close(pool->wake);
    if (pool->end_event >= 0)
        close(pool->end_event);
    pthread_mutex_destroy(&pool->lock);
    procspawn__builder_free_copy(pool->process);
    procspawn_error_free(pool->cause);
    free(pool->frame.body);
    free(pool->workers);
    free(pool);
}

void procspawn__pool_unref(procspawn_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool last = --pool->references == 0;
    pthread_mutex_unlock(&pool->lock);
    if (last)
        destroy(pool);
}

static int open_descriptors(procspawn_pool *pool)
{
    struct epoll_event event = { .events = EPOLLIN };

    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (pool->epoll < 0)
        return -errno;
    pool->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool->wake < 0 || epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->wake, &event) < 0)
        return -errno;
    return 0;
}

static int fill(procspawn_pool *pool, const procspawn_pool_builder *builder)
{
    int rc = procspawn__builder_copy(builder->process, &pool->process);
    if (rc < 0)
        return rc;
    pool->workers = calloc(pool->plan.maximum, sizeof(struct procspawn__worker *));
    pool->frame.body = malloc(WIRE_MAX_BODY);
    if (!pool->workers || !pool->frame.body)
        return -ENOMEM;
    rc = open_descriptors(pool);
    return rc < 0 ? rc : procspawn__dispatch_start(pool);
}

static bool valid(const procspawn_pool_builder *builder)
{
    for (int i = 0; i < 3; i++) {
        if (builder->process->stdio[i].mode == PROCSPAWN_STDIO_PIPE)
            return false;
    }
    return builder->plan.maximum > 0 && builder->plan.minimum <= builder->plan.maximum &&
           builder->plan.idle_timeout >= 0;
}

static int build(const procspawn_pool_builder *builder, procspawn_pool **ret_pool)
{
    procspawn_pool *pool = malloc(sizeof *pool);

    if (!pool)
        return -ENOMEM;
    *pool = (procspawn_pool){
        .references = 1,
        .owner = getpid(),
        .plan = builder->plan,
        .wanted = builder->plan.minimum,
        .epoll = -1,
        .wake = -1,
        .end_event = -1,
        .wake_at = BASE_NEVER,
        .frame.capacity = WIRE_MAX_BODY,
    };
    pthread_mutex_init(&pool->lock, NULL);
    list_init(&pool->waiters);
    list_init(&pool->queue);
    list_init(&pool->idle);
    list_init(&pool->in_registry);
    int rc = fill(pool, builder);
    if (rc < 0) {
        destroy(pool);
        return rc;
    }
    enter_registry(pool);
    *ret_pool = pool;
    return 0;
}

int procspawn_pool_builder_build(const procspawn_pool_builder *builder, procspawn_pool **ret_pool)
{
    int cancel;

    if (!valid(builder))
        return -EINVAL;
    int rc = procspawn__admitted();
    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
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

void procspawn__pool_wake(procspawn_pool *pool)
{
    eventfd_write(pool->wake, 1);
}

/* ---- the end ---- */

static void end_all(procspawn_pool *pool)
{
    pool->state = PROCSPAWN__POOL_ENDED;
    procspawn__pool_expel_all(pool, PROCSPAWN_ERROR_CANCELLED, "the pool has ended");
    for (unsigned i = 0; i < pool->worker_count; i++)
        procspawn__worker_look(pool->workers[i]);
    for (unsigned i = 0; i < pool->worker_count; i++)
        procspawn__worker_end(pool->workers[i], SIGKILL, 0);
    procspawn__pool_wake(pool);
    procspawn__pool_changed(pool);
}

void procspawn_pool_kill(procspawn_pool *pool)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&pool->lock);
    end_all(pool);
    pthread_mutex_unlock(&pool->lock);
    pthread_setcancelstate(cancel, NULL);
}

int procspawn_pool_free_timeout(procspawn_pool *pool, int64_t timeout)
{
    int64_t deadline = base__deadline(timeout);
    int cancel;

    if (!pool || pool->owner != getpid())
        return 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn_pool_kill(pool);
    int rc = procspawn__dispatch_join(pool, deadline);
    if (rc == 0) {
        leave_registry(pool);
        procspawn__pool_unref(pool);
    }
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

void procspawn_pool_free(procspawn_pool *pool)
{
    procspawn_pool_free_timeout(pool, -1);
}

/* The workers end with the servers, which give them the grace that every process has. */
void procspawn__pools_close(void)
{
    pthread_mutex_lock(&registry.lock);
    if (registry.owner == getpid()) {
        for (struct list *item = registry.pools.next; item != &registry.pools; item = item->next) {
            procspawn_pool *pool = list_entry(item, procspawn_pool, in_registry);
            pthread_mutex_lock(&pool->lock);
            pool->state = PROCSPAWN__POOL_ENDED;
            procspawn__pool_expel_all(pool, PROCSPAWN_ERROR_CANCELLED, "procspawn_fini was called");
            procspawn__pool_wake(pool);
            procspawn__pool_changed(pool);
            pthread_mutex_unlock(&pool->lock);
        }
    }
    pthread_mutex_unlock(&registry.lock);
}

int procspawn__pools_join(int64_t deadline)
{
    int rc = 0;

    pthread_mutex_lock(&registry.lock);
    if (registry.owner == getpid()) {
        for (struct list *item = registry.pools.next; item != &registry.pools && rc == 0;
             item = item->next)
            rc = procspawn__dispatch_join(list_entry(item, procspawn_pool, in_registry), deadline);
    }
    pthread_mutex_unlock(&registry.lock);
    return rc;
}

/* ---- counts ---- */

void procspawn__pool_look(procspawn_pool *pool)
{
    for (unsigned i = pool->worker_count; i-- > 0;) {
        if (i < pool->worker_count)
            procspawn__worker_look(pool->workers[i]);
    }
}

static unsigned ask(procspawn_pool *pool, const unsigned *number)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&pool->lock);
    procspawn__pool_look(pool);
    unsigned value = *number;
    pthread_mutex_unlock(&pool->lock);
    pthread_setcancelstate(cancel, NULL);
    return value;
}

unsigned procspawn_pool_size(procspawn_pool *pool)
{
    return ask(pool, &pool->wanted);
}

unsigned procspawn_pool_queued_count(procspawn_pool *pool)
{
    return ask(pool, &pool->queued);
}

unsigned procspawn_pool_active_count(procspawn_pool *pool)
{
    return ask(pool, &pool->active);
}

int procspawn_pool_failure(procspawn_pool *pool, procspawn_error **ret_error)
{
    procspawn_error *copy = NULL;

    pthread_mutex_lock(&pool->lock);
    bool failed = pool->failed;
    if (failed)
        copy = procspawn__error_copy(pool->cause);
    pthread_mutex_unlock(&pool->lock);
    if (!failed)
        return -ENODATA;
    if (!copy)
        return -ENOMEM;
    *ret_error = copy;
    return 0;
}

/* ---- waiting for the whole ---- */

int procspawn_pool_join_timeout(procspawn_pool *pool, int64_t timeout)
{
    return procspawn__pool_wait(pool, base__deadline(timeout), procspawn__pool_idle_since);
}

int procspawn_pool_join(procspawn_pool *pool)
{
    return procspawn_pool_join_timeout(pool, -1);
}

int procspawn_pool_shutdown_timeout(procspawn_pool *pool, int64_t timeout)
{
    int64_t deadline = base__deadline(timeout);

    pthread_mutex_lock(&pool->lock);
    if (pool->state == PROCSPAWN__POOL_OPEN)
        pool->state = PROCSPAWN__POOL_CLOSING;
    pthread_mutex_unlock(&pool->lock);
    int rc = procspawn__pool_wait(pool, deadline, procspawn__pool_idle_since);
    if (rc < 0)
        return rc;
    procspawn_pool_kill(pool);
    return procspawn__pool_wait(pool, deadline, procspawn__pool_emptied);
}

int procspawn_pool_shutdown(procspawn_pool *pool)
{
    return procspawn_pool_shutdown_timeout(pool, -1);
}

/* ---- calls ---- */

static int write_call(struct procspawn__pool_call *call, procspawn_function *function,
                      const json_t *argument)
{
    struct procspawn__draft *draft = &call->draft;

    draft->call.flags = WIRE_CALL_STAY;
    int rc = procspawn__draft_function(draft, function);
    if (rc == 0)
        rc = procspawn__draft_argument(draft, argument);
    if (rc == 0)
        rc = procspawn__pool_capture(call);
    return rc < 0 ? rc : procspawn__draft_seal(draft);
}

static int submit(struct procspawn__pool_call *call)
{
    procspawn_pool *pool = call->pool;
    int rc = 0;

    pthread_mutex_lock(&pool->lock);
    if (pool->state == PROCSPAWN__POOL_OPEN)
        procspawn__pool_enqueue(call);
    else
        rc = pool->failed ? PROCSPAWN_EPOOL : -ESHUTDOWN;
    pthread_mutex_unlock(&pool->lock);
    return rc;
}

static int spawn(procspawn_pool *pool, int64_t duration, procspawn_function *function,
                 const json_t *argument, procspawn_handle **ret_handle)
{
    struct procspawn__pool_call *call = procspawn__pool_call_new(pool);

    if (!call)
        return -ENOMEM;
    if (duration > 0)
        call->deadline = base__deadline(duration);
    int rc = write_call(call, function, argument);
    if (rc == 0)
        rc = submit(call);
    if (rc == 0)
        *ret_handle = &call->handle;
    else
        procspawn__pool_call_free(call);
    return rc;
}

int procspawn_pool_spawn_deadline(procspawn_pool *pool, int64_t duration,
                                  procspawn_function *function, json_t *argument,
                                  procspawn_handle **ret_handle)
{
    int cancel;

    if (duration < 0)
        return -EINVAL;
    pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int rc = spawn(pool, duration, function, argument, ret_handle);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

int procspawn_pool_spawn(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                         procspawn_handle **ret_handle)
{
    return procspawn_pool_spawn_deadline(pool, pool->process->duration, function, argument,
                                         ret_handle);
}
