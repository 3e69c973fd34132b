/*
 * bench_shmem.c - a shared buffer sent to a child and back, compared with copying it once; and to a
 * worker, compared with a call without it
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/shmem.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 64 << 20, BATCH = 20 };

static procspawn_shmem *buffer;
static procspawn_pool *pool;    /* NULL: each call has a process of its own */
static char *from, *to;

static bool make_buffer(void)
{
    procspawn_shmem_writer *draft;

    if (!bench_init() || procspawn_shmem_writer_new(SIZE, &draft) < 0)
        return false;
    memset(procspawn_shmem_writer_data(draft), 'x', SIZE);
    return procspawn_shmem_writer_seal(draft, &buffer) == 0;
}

static bool there_and_back(void)
{
    procspawn_handle *handle;
    procspawn_shmem *back = NULL;
    json_t *result = NULL, *argument = procspawn_value_shmem(buffer);

    bool started = pool ? procspawn_pool_spawn(pool, bench_echo, argument, &handle) == 0
                        : procspawn(bench_echo, argument, &handle) == 0;
    json_decref(argument);
    if (!started)
        return false;
    bool ok = procspawn_join(handle, &result, NULL) == 0 &&
              procspawn_value_claim_shmem(result, &back) == 0 && procspawn_shmem_size(back) == SIZE;
    procspawn_shmem_unref(back);
    json_decref(result);
    procspawn_handle_free(handle);
    return ok;
}

static double hand_over(void)
{
    double start = bench_now();
    return there_and_back() ? bench_now() - start : -1;
}

/* ---- to a worker ---- */

static bool empty_call(void)
{
    procspawn_handle *handle;

    if (procspawn_pool_spawn(pool, bench_echo, NULL, &handle) < 0)
        return false;
    bool ok = procspawn_join(handle, NULL, NULL) == 0;
    procspawn_handle_free(handle);
    return ok;
}

static bool open_pool(void)
{
    return bench_init() && procspawn_pool_new(1, &pool) == 0 && empty_call();
}

static bool open_pool_and_buffer(void)
{
    return make_buffer() && procspawn_pool_new(1, &pool) == 0 && there_and_back();
}

static double batch(bool (*call)(void))
{
    double start = bench_now();
    return bench_repeat(call, BATCH) ? (bench_now() - start) / BATCH : -1;
}

static double hand_to_worker(void)
{
    return batch(there_and_back);
}

static double call_worker(void)
{
    return batch(empty_call);
}

/* ---- copied ---- */

static bool warm_up(void)
{
    from = malloc(SIZE);
    to = malloc(SIZE);
    if (!from || !to)
        return false;
    memset(from, 'x', SIZE);
    memset(to, 'y', SIZE);
    return true;
}

static double copy(void)
{
    double start = bench_now();

    memcpy(to, from, SIZE);
    __asm__ volatile("" : : "r"(to) : "memory");
    return bench_now() - start;
}

const struct pair bench_shmem_pairs[] = {
    { .name = "shmem.64mib.vs_memcpy", .subject = { "64 MiB to a child and back", make_buffer,
      hand_over }, .baseline = { "memcpy of 64 MiB", warm_up, copy },
      .samples = 300, .quick_samples = 60, .pause = 1000 },
    { .name = "shmem.pool_64mib.vs_null", .subject = { "64 MiB to a worker and back",
      open_pool_and_buffer, hand_to_worker }, .baseline = { "an empty call", open_pool,
      call_worker }, .samples = 500, .quick_samples = 100, .pause = 200 },
    { .name = NULL }
};
