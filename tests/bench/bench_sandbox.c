/*
 * bench_sandbox.c - calls in a sandbox, compared with the same calls outside
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <forkscope/pool.h>
#include <forkscope/sandbox.h>

enum { BATCH = 20 };

static procspawn_builder *builder;
static procspawn_pool *pool;
static json_t *argument;

/* ---- a process for each call ---- */

static bool make_builder(enum procspawn_sandbox profile)
{
    argument = json_integer(1);
    builder = procspawn_builder_new();
    return argument && builder && bench_init() && !procspawn_sandbox_missing(profile) &&
           procspawn_builder_sandbox(builder, profile) == 0;
}

static bool begin_plain(void)
{
    return make_builder(PROCSPAWN_SANDBOX_NONE);
}

static bool begin_compute(void)
{
    return make_builder(PROCSPAWN_SANDBOX_COMPUTE);
}

static bool begin_files(void)
{
    return make_builder(PROCSPAWN_SANDBOX_FILES) &&
           procspawn_builder_path(builder, "/usr/share", PROCSPAWN_PATH_READ) == 0;
}

static double one_call(void)
{
    procspawn_handle *handle;
    double start = bench_now();

    if (procspawn_builder_spawn(builder, bench_echo, argument, &handle) < 0)
        return -1;
    int rc = procspawn_join(handle, NULL, NULL);
    double time = bench_now() - start;
    procspawn_handle_free(handle);
    return rc == 0 ? time : -1;
}

/* ---- a worker ---- */

static bool open_pool(enum procspawn_sandbox profile)
{
    procspawn_pool_builder *workers = procspawn_pool_builder_new(1);
    bool made = workers && bench_init() && !procspawn_sandbox_missing(profile) &&
                procspawn_builder_sandbox(procspawn_pool_builder_process(workers), profile) == 0 &&
                procspawn_pool_builder_build(workers, &pool) == 0;

    procspawn_pool_builder_free(workers);
    return made;
}

static bool open_plain_pool(void)
{
    return open_pool(PROCSPAWN_SANDBOX_NONE);
}

static bool open_compute_pool(void)
{
    return open_pool(PROCSPAWN_SANDBOX_COMPUTE);
}

static bool call_worker(void)
{
    procspawn_handle *handle;

    if (procspawn_pool_spawn(pool, bench_echo, NULL, &handle) < 0)
        return false;
    int rc = procspawn_join(handle, NULL, NULL);
    procspawn_handle_free(handle);
    return rc == 0;
}

static double calls_of_a_worker(void)
{
    double start = bench_now();
    return bench_repeat(call_worker, BATCH) ? (bench_now() - start) / BATCH : -1;
}

#define PLAIN { "procspawn", begin_plain, one_call }

const struct pair bench_sandbox_pairs[] = {
    { .name = "sandbox.call.vs_call", .subject = { "call in COMPUTE", begin_compute, one_call },
      .baseline = PLAIN, .samples = 1000, .quick_samples = 150, .pause = 2000, .row = 5,
      .optional = true },
    { .name = "sandbox.files.vs_call", .subject = { "call in FILES", begin_files, one_call },
      .baseline = PLAIN, .samples = 1000, .quick_samples = 150, .pause = 2000, .row = 5,
      .optional = true },
    { .name = "sandbox.pool.vs_pool", .subject = { "call of a worker in COMPUTE",
      open_compute_pool, calls_of_a_worker }, .baseline = { "call of a worker", open_plain_pool,
      calls_of_a_worker }, .samples = 1000, .quick_samples = 200, .optional = true },
    { .name = NULL }
};
