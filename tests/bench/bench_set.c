/*
 * bench_set.c - adding calls to a completion set, compared with starting one
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <forkscope/completion.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

enum { CALLS = 1000 };

static json_t *argument;

static bool begin(void)
{
    argument = json_integer(1);
    return argument && bench_init();
}

/* How often the kernel has taken the processor from this thread for another one. A thread that waits
 * gives it away by itself, and does not count. */
static long preemptions(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

/* The time of one start; 0: the thread was preempted meanwhile, and other processes ran. */
static double one_start(procspawn_set *set)
{
    long before = preemptions();
    double start = bench_now();
    int rc = procspawn_set_start(set, NULL, bench_echo, argument, NULL);
    double time = bench_now() - start;

    if (rc < 0)
        return -1;
    return preemptions() == before ? time : 0;
}

/* The slowest of many starts. No process is made before a result is asked for. */
static double slowest_start(void)
{
    procspawn_set *set;
    double slowest = 0;

    if (procspawn_set_new(&set) < 0)
        return -1;
    for (int i = 0; i < CALLS && slowest >= 0; i++) {
        double time = one_start(set);
        if (time < 0 || time > slowest)
            slowest = time;
    }
    procspawn_set_free(set);
    return slowest;
}

/* Without the wait for the end. */
static double one_spawn(void)
{
    procspawn_handle *handle;
    double start = bench_now();

    if (procspawn(bench_echo, argument, &handle) < 0)
        return -1;
    double time = bench_now() - start;
    procspawn_join(handle, NULL, NULL);
    procspawn_handle_free(handle);
    return time;
}

const struct pair bench_set_pairs[] = {
    { .name = "set.start.vs_spawn", .subject = { "slowest of 1,000 procspawn_set_start", begin,
      slowest_start }, .baseline = { "procspawn, started", begin, one_spawn }, .samples = 200,
      .quick_samples = 40, .pause = 2000 },
    { .name = NULL }
};
