/*
 * pool_wait.c - waiting for the pool as a whole: until it is idle, until its workers are gone
 *
 * Each waiter sleeps on an eventfd of its own, so that waiting is a cancellation point like any
 * other of this library, and nobody takes another one's wake-up.
 */
#include "src/proc/pool.h"

#include "src/base/clock.h"
#include "src/scope/wait.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct waiter {
    struct list in_pool;
    procspawn_pool *pool;
    int event;
};

void procspawn__pool_changed(procspawn_pool *pool)
{
    if (pool->end_event >= 0)
        eventfd_write(pool->end_event, 1);
    for (struct list *item = pool->waiters.next; item != &pool->waiters; item = item->next)
        eventfd_write(list_entry(item, struct waiter, in_pool)->event, 1);
}

static bool idle(const procspawn_pool *pool)
{
    return pool->queued == 0 && pool->active == 0;
}

void procspawn__pool_became_idle(procspawn_pool *pool)
{
    if (list_empty(&pool->waiters) || !idle(pool))
        return;
    pool->idle_epoch++;
    procspawn__pool_changed(pool);
}

bool procspawn__pool_idle_since(const procspawn_pool *pool, uint64_t epoch)
{
    return idle(pool) || pool->idle_epoch != epoch;
}

bool procspawn__pool_emptied(const procspawn_pool *pool, uint64_t unused)
{
    (void)unused;
    return pool->worker_count == 0;
}

static void leave(void *data)
{
    struct waiter *waiter = data;
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&waiter->pool->lock);
    list_remove(&waiter->in_pool);
    pthread_mutex_unlock(&waiter->pool->lock);
    close(waiter->event);
    pthread_setcancelstate(cancel, NULL);
}

/* While somebody waits for the pool the dispatcher listens to all that nobody follows. */
static uint64_t enter(struct waiter *waiter)
{
    procspawn_pool *pool = waiter->pool;

    pthread_mutex_lock(&pool->lock);
    list_append(&pool->waiters, &waiter->in_pool);
    procspawn__pool_look(pool);
    for (unsigned i = 0; i < pool->worker_count; i++)
        procspawn__worker_attend(pool->workers[i]);
    uint64_t epoch = pool->idle_epoch;
    pthread_mutex_unlock(&pool->lock);
    return epoch;
}

static bool ask(struct waiter *waiter, uint64_t epoch,
                bool (*reached)(const procspawn_pool *, uint64_t))
{
    eventfd_t count;

    pthread_mutex_lock(&waiter->pool->lock);
    eventfd_read(waiter->event, &count);
    bool answer = reached(waiter->pool, epoch);
    pthread_mutex_unlock(&waiter->pool->lock);
    return answer;
}

int procspawn__pool_wait(procspawn_pool *pool, int64_t deadline,
                         bool (*reached)(const procspawn_pool *, uint64_t))
{
    struct waiter waiter = { .pool = pool, .event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    int cancel, rc = 0;

    if (waiter.event < 0)
        return -errno;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    uint64_t epoch = enter(&waiter);
    pthread_cleanup_push(leave, &waiter);
    bool done;
    while (!(done = ask(&waiter, epoch, reached)) && rc == 0) {
        pthread_setcancelstate(cancel, NULL);
        rc = scoped__wait_fd(waiter.event, POLLIN, deadline);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    }
    if (done)
        rc = 0;
    pthread_cleanup_pop(1);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}
