/*
 * threads_places.c - the executors of a round: the library's, and some as a user could write them
 */
#include "tests/random/threads.h"

#include "src/base/thread.h"
#include "tests/support/user_executors.h"

#include <pthread.h>

enum { THREAD, SMALL, CACHED, WIDE, NARROW, LAZY, INLINE, HESITANT, PLACES };

static struct pool wide, narrow, lazy;

/* Waits a little before it hands on to a pool, as one with a bounded queue does. */
static int hesitate(struct scoped_executor *self, void (*run)(void *arg), void *arg)
{
    (void)self;
    CHECK(!base__cancelable(false), "cancellation is on in an executor");
    CHECK(scoped_sleep_until(forkscope_after(10000)) == 0, "a wait in an executor");
    CHECK(scoped_checkpoint() == 0, "a checkpoint in an executor");
    pthread_testcancel();
    return wide.base.execute(&wide.base, run, arg);
}

static struct scoped_executor hesitant = { hesitate };

static struct place places[PLACES] = {
    [THREAD] = { "threads", NULL, true, true, true },
    [SMALL] = { "small threads", NULL, true, true, true },
    [CACHED] = { "cached threads", NULL, true, false, true },
    [WIDE] = { "a pool", &wide.base, false, false, true },
    [NARROW] = { "a pool of one", &narrow.base, false, false, true },
    [LAZY] = { "a pool of none", &lazy.base, false, false, false },
    [INLINE] = { "inline", &inline_executor, false, false, true },
    [HESITANT] = { "a slow pool", &hesitant, false, false, true },
};

void places_open(struct dice *dice)
{
    struct scoped_thread_attributes small = { .stack_size = 256 << 10, .name = "small" };
    unsigned max_idle = (unsigned)dice_roll(dice, 5);
    int64_t idle_limit = (int64_t)dice_roll(dice, 3) * 1000000;
    places[THREAD].executor = scoped_thread_executor();
    CHECK(scoped_thread_executor_new(&small, &places[SMALL].executor) == 0, "no executor");
    CHECK(scoped_cached_executor_new(NULL, max_idle, idle_limit, &places[CACHED].executor) == 0,
          "no cached executor");
    pool_open(&wide, 2 + (unsigned)dice_roll(dice, 3));
    pool_open(&narrow, 1);
    pool_open(&lazy, 0);
}

void places_close(void)
{
    int64_t deadline = forkscope_after(run_slack());
    pool_close(&wide);
    pool_close(&narrow);
    pool_close(&lazy);
    scoped_executor_free(places[SMALL].executor);
    CHECK(scoped_executor_free_until(places[CACHED].executor, deadline) == 0, "a thread is left");
}

const struct place *places_some(struct dice *dice)
{
    return &places[dice_roll(dice, PLACES)];
}

const struct place *places_thread(void)
{
    return &places[THREAD];
}
