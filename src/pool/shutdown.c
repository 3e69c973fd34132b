/*
 * shutdown.c - ends a pool: at once, or after its calls
 */
#include "src/pool/shutdown.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/pool/lock.h"
#include "src/pool/receive.h"
#include "src/pool/schedule.h"
#include "src/pool/state.h"
#include "src/pool/terminate.h"
#include "src/pool/wait.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Answers that have arrived count, so messages are received before workers are killed. */
void procspawn__pool_end(procspawn_pool *pool)
{
    procspawn__pool_step(pool, PROCSPAWN__POOL_END);
    procspawn__pool_cancel_queued(pool, PROCSPAWN_ERROR_CANCELLED, "the pool has ended");
    procspawn__pool_receive(pool);
    for (unsigned i = 0; i < pool->worker_count; i++) {
        procspawn__worker_end_cause(pool->workers[i], WIRE_ENDED_BY_POOL);
        procspawn__worker_terminate(pool->workers[i], SIGKILL, 0);
    }
    procspawn__pool_wake(pool);
    procspawn__pool_notify(pool);
}

void procspawn_pool_kill(procspawn_pool *pool)
{
    int cancel;

    if (!procspawn__pool_is_ours(pool))
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    procspawn__pool_enter(pool);
    procspawn__pool_end(pool);
    procspawn__pool_leave(pool);
    pthread_setcancelstate(cancel, NULL);
}

int procspawn__pool_shut_down(procspawn_pool *pool, int event, int64_t deadline)
{
    bool cancelable = base__cancelable(false);

    procspawn__pool_enter(pool);
    procspawn__pool_step(pool, PROCSPAWN__POOL_SHUT_DOWN);
    procspawn__pool_leave(pool);
    base__cancelable(cancelable);
    int rc = procspawn__pool_wait(pool, event, deadline, procspawn__pool_idle_since);
    if (rc < 0)
        return rc;
    procspawn_pool_kill(pool);
    return procspawn__pool_wait(pool, event, deadline, procspawn__pool_has_no_workers);
}

int procspawn_pool_shutdown_timeout(procspawn_pool *pool, int64_t timeout)
{
    int rc = procspawn__pool_check(pool);
    if (rc < 0)
        return rc;
    return procspawn__pool_shut_down(pool, -1, base__deadline(timeout));
}

int procspawn_pool_shutdown(procspawn_pool *pool)
{
    return procspawn_pool_shutdown_timeout(pool, -1);
}
