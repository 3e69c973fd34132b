/*
 * processes_pools.c - opens pools with random options, closes them and checks their calls
 */
#include "tests/random/processes.h"

#include <poll.h>

enum { MOST_CALLS = 10, MOST_STARTS = 1000 };

static int never_start(void *unused)
{
    (void)unused;
    return -EIO;
}

static void set_up(struct dice *dice, procspawn_pool_builder *builder, struct pool *pool)
{
    procspawn_builder *process = procspawn_pool_builder_process(builder);
    procspawn_builder_stdout(process, PROCSPAWN_STDIO_NULL, -1);
    procspawn_builder_stderr(process, PROCSPAWN_STDIO_NULL, -1);
    if (dice_one_in(dice, 3))
        procspawn_pool_builder_minimum(builder, (unsigned)dice_roll(dice, pool->size + 1),
                                       (int64_t)dice_roll(dice, 20) * MS);
    if (dice_one_in(dice, 3))
        procspawn_pool_builder_recycle_after_calls(builder, 1 + dice_roll(dice, 3));
    if (dice_one_in(dice, 6))
        procspawn_pool_builder_recycle_above_bytes(builder, 1 + dice_roll(dice, 1 << 25));
    if (pool->capture > 0)
        procspawn_builder_capture(process, pool->capture, false);
    /* On a busy machine strikes end more starts in a row than a pool bears by itself. */
    if (board->weather.strikes)
        procspawn_pool_builder_attempts(builder, MOST_STARTS);
    if (pool->broken) {
        procspawn_pool_builder_pre_exec(builder, never_start, NULL);
        procspawn_pool_builder_attempts(builder, (unsigned)dice_roll(dice, 4));
    }
}

static bool may_be_refused(int rc, bool in_scope, int64_t since)
{
    return (weather_is_short() &&
            (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -EAGAIN)) ||
           (rc == PROCSPAWN_ESERVER && weather_lost_since(since)) ||
           (in_scope && (rc == -ECANCELED || rc == SCOPED_ECLOSED));
}

bool pools_open(struct dice *dice, struct pool *pool, scoped_spawner *scope)
{
    *pool = (struct pool){ .size = 1 + (unsigned)dice_roll(dice, 4), .family = family_new() };
    pool->capture = dice_one_in(dice, 3) ? capture_draw(dice) : 0;
    pool->broken = dice_one_in(dice, 16);
    procspawn_pool_builder *builder = procspawn_pool_builder_new(pool->size);
    EXPECT(builder != NULL, "no memory");
    set_up(dice, builder, pool);
    int64_t since = base__now();
    int rc = scope != NULL ? IN_LIBRARY(0, scoped_procspawn_pool(*scope, builder, &pool->pool))
                           : IN_LIBRARY(0, procspawn_pool_builder_build(builder, &pool->pool));
    procspawn_pool_builder_free(builder);
    EXPECT(rc == 0 || may_be_refused(rc, scope != NULL, since), "a pool is refused: %d", rc);
    if (rc < 0) {
        pool->pool = NULL;
        family_check_gone(pool->family, "a refused pool");
    }
    return rc == 0;
}

/* ---- its end ---- */

static void kill_all(struct pool *pool)
{
    pool->ends = true;
    atomic_fetch_or(&pool->killed, EVENT_POOL);
    IN_LIBRARY(0, (procspawn_pool_kill(pool->pool), 0));
}

static void shut_down(struct dice *dice, struct pool *pool)
{
    int64_t patience = (int64_t)dice_roll(dice, 50) * MS;
    pool->ends = true;
    int rc = IN_LIBRARY(patience, procspawn_pool_shutdown_timeout(pool->pool, patience));
    EXPECT(rc == 0 || rc == -ETIMEDOUT || (weather_is_short() && rc == -EMFILE),
           "shutdown returned %d", rc);
    if (rc == 0) {
        EXPECT(procspawn_pool_active_count(pool->pool) == 0, "a pool that is shut down works");
        EXPECT(procspawn_pool_queued_count(pool->pool) == 0,
               "a pool that is shut down has a queue");
        if (!board->root_killed)
            family_check_gone(pool->family, "a pool that is shut down");
        pool->family = -1;
    }
}

static void check_failure(struct pool *pool)
{
    procspawn_error *error = NULL;
    int rc = IN_LIBRARY(0, procspawn_pool_failure(pool->pool, &error));
    EXPECT(rc == -ENODATA || (rc == -ENOMEM && weather_is_short()) ||
               (rc == 0 && (pool->broken || board->root_killed)),
           "a pool failed: %d, %s", rc, rc == 0 ? procspawn_error_message(error) : "");
    procspawn_error_free(error);
}

void pools_close(struct dice *dice, struct pool *pool)
{
    int rc = 0;
    check_failure(pool);
    if (dice_one_in(dice, 3))
        shut_down(dice, pool);
    if (dice_one_in(dice, 3))
        kill_all(pool);
    pool->ends = true;
    atomic_fetch_or(&pool->killed, EVENT_POOL);
    if (dice_one_in(dice, 2)) {
        IN_LIBRARY(0, (procspawn_pool_free(pool->pool), 0));
    } else {
        int64_t patience = (int64_t)dice_roll(dice, 5) * MS;
        while ((rc = IN_LIBRARY(patience, procspawn_pool_free_timeout(pool->pool, patience))) ==
               -ETIMEDOUT)
            poll(NULL, 0, 1);
    }
    EXPECT(rc == 0, "free of a pool returned %d", rc);
    if (!board->root_killed)
        family_check_gone(pool->family, "its pool");
    pool->pool = NULL;
}

/* ---- a pool that one thread has ---- */

static void check_counts(struct pool *pool, unsigned calls)
{
    unsigned active = IN_LIBRARY(0, procspawn_pool_active_count(pool->pool));
    unsigned queued = IN_LIBRARY(0, procspawn_pool_queued_count(pool->pool));
    EXPECT(active <= pool->size && active <= calls && queued <= calls,
           "%u active, %u queued of %u calls", active, queued, calls);
}

static void wait_until_idle(struct dice *dice, struct pool *pool)
{
    int64_t patience = (int64_t)dice_roll(dice, 20) * MS;
    int rc = IN_LIBRARY(patience, procspawn_pool_join_timeout(pool->pool, patience));
    EXPECT(rc == 0 || rc == -ETIMEDOUT || (weather_is_short() && rc == -EMFILE),
           "pool join returned %d", rc);
    if (rc == 0)
        check_counts(pool, 0);
}

static void touch(struct dice *dice, struct pool *pool, struct call *call)
{
    switch (dice_roll(dice, 6)) {
    case 0:
        call_kill(dice, call);
        break;
    case 1:
        wait_until_idle(dice, pool);
        break;
    case 2:
        if (dice_one_in(dice, 6))
            kill_all(pool);
        break;
    default:
        call_join(call, (int64_t)dice_roll(dice, 15) * MS);
    }
}

void pools_act(struct actor *actor)
{
    struct dice *dice = &actor->dice;
    struct call calls[MOST_CALLS];
    unsigned most = 1 + (unsigned)dice_roll(dice, MOST_CALLS), count = 0;
    struct pool pool;

    if (!pools_open(dice, &pool, NULL))
        return;
    for (unsigned i = 0; i < most; i++) {
        call_draw(dice, &calls[count], &pool);
        count += call_start(dice, &calls[count]);
    }
    check_counts(&pool, count);
    for (unsigned i = 0; i < count; i++)
        touch(dice, &pool, &calls[i]);
    pools_close(dice, &pool);
    /* All have ended, but a result may still have to be decoded, and memory for it may be short. */
    for (unsigned i = 0; i < count; i++) {
        EXPECT(call_join(&calls[i], -1), "a call outlives its pool");
        output_check_captured(&calls[i]);
        call_free(&calls[i]);
    }
}
