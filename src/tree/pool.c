/*
 * pool.c - a pool as a child of a scope
 *
 * A leaf task supervises the pool, as one supervises a process (supervisor.c). Its function waits
 * until the pool has ended by itself. Its `done` function ends a pool that has not. The owner still
 * has to free the pool.
 */
#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/pool/lifetime.h"
#include "src/pool/lock.h"
#include "src/pool/shutdown.h"
#include "src/pool/state.h"
#include "src/scope/self.h"
#include "src/scope/wait_points.h"
#include "src/tree/failure.h"
#include <errno.h>
#include <forkscope/error.h>
#include <forkscope/pool.h>
#include <forkscope/scope.h>
#include <forkscope/tree.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

/* Has the pool ended, and are its workers gone? */
static bool over(procspawn_pool *pool, bool *ret_failed)
{
    base__event_clear(pool->end_event);
    procspawn__pool_enter(pool);
    *ret_failed = pool->failed;
    bool answer = pool->state == PROCSPAWN__POOL_ENDED && procspawn__pool_has_no_workers(pool, 0);
    procspawn__pool_leave(pool);
    return answer;
}

static bool look(procspawn_pool *pool, bool *ret_failed)
{
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    bool answer = over(pool, ret_failed);
    pthread_setcancelstate(cancel, NULL);
    return answer;
}

/* The lock of the pool is taken in it, so the task is not cancelled meanwhile. */
static void explain(procspawn_pool *pool)
{
    procspawn_error *error;
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    if (procspawn_pool_failure(pool, &error) == 0) {
        procspawn__explain(PROCSPAWN_EPOOL, error);
        procspawn_error_free(error);
    }
    pthread_setcancelstate(cancel, NULL);
}

static int supervise(void *argument)
{
    procspawn_pool *pool = argument;
    bool failed;
    int rc = 0;

    scoped__hide_arg();
    scoped_notify_started();
    while (rc == 0 && !look(pool, &failed))
        rc = scoped__wait_event(pool->end_event, BASE_NEVER);
    if (rc < 0)
        return rc;
    if (failed)
        explain(pool);
    return failed ? PROCSPAWN_EPOOL : 0;
}

/* Running calls have the grace of the scope, if any; then the workers are killed. */
static void finish(void *argument)
{
    procspawn_pool *pool = argument;
    bool failed;

    if (!over(pool, &failed)) {
        procspawn__pool_shut_down(pool, pool->end_event, base__deadline(scoped__grace()));
        procspawn_pool_kill(pool);
        while (!over(pool, &failed))
            scoped__wait_event(pool->end_event, BASE_NEVER);
    }
    procspawn__pool_unref(pool);
}

static int start_supervisor(procspawn_pool *pool, scoped_spawner spawner)
{
    int event = base__event();

    if (event < 0)
        return event;
    procspawn__pool_enter(pool);
    pool->end_event = event;
    procspawn__pool_leave(pool);
    procspawn__pool_ref(pool);
    int rc = scoped_spawn_leaf(spawner, supervise, pool, finish);
    if (rc < 0)
        procspawn__pool_unref(pool);
    return rc;
}

int scoped_procspawn_pool(scoped_spawner spawner, const procspawn_pool_builder *builder,
                          procspawn_pool **ret_pool)
{
    procspawn_pool *pool;
    int cancel;
    int rc = scoped_scope_wait_room_until(spawner, SCOPED_FOREVER);

    if (rc < 0)
        return rc;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    rc = procspawn_pool_builder_build(builder, &pool);
    if (rc == 0) {
        rc = start_supervisor(pool, spawner);
        if (rc == 0)
            *ret_pool = pool;
        else
            procspawn_pool_free(pool);
    }
    pthread_setcancelstate(cancel, NULL);
    return rc;
}
