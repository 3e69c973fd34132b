/*
 * bench_load.c - calls of a program that holds much: live children, memory written before init
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <forkscope/procspawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double one_reaped_call(void)
{
    double start = bench_now();
    return bench_call(true) ? bench_now() - start : -1;
}

/* ---- beside live children ---- */

enum { LIVE = 9000, OTHER_DESCRIPTORS = 500 };

static json_t *stay(json_t *argument)
{
    for (;;)
        pause();
    return argument;
}

/* As many as the limit of descriptors allows: the program holds one for each child. */
static unsigned number_of_children(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur < LIVE + OTHER_DESCRIPTORS ? (unsigned)limit.rlim_cur - OTHER_DESCRIPTORS
                                                     : LIVE;
}

/* The handles are kept until the process ends, and with them the children. */
static bool init_and_fill(void)
{
    const unsigned count = number_of_children();
    bool ok = bench_init();

    for (unsigned i = 0; i < count && ok; i++) {
        procspawn_handle *handle;
        ok = procspawn(stay, NULL, &handle) == 0;
    }
    return ok;
}

/* ---- beside memory that was written before init ---- */

static char *volatile loaded;   /* a write that no code could read would be optimised away */

static bool load_and_init(void)
{
    const size_t size = (size_t)1 << 30;

    loaded = malloc(size);
    if (!loaded)
        return false;
    memset(loaded, 1, size);
    return bench_init();
}

const struct pair bench_load_pairs[] = {
    { .name = "spawn.live9000.vs_live0",
      .subject = { "with 9,000 live children", init_and_fill, one_reaped_call },
      .baseline = { "procspawn+join+wait, no others", bench_init, one_reaped_call },
      .samples = 1000, .quick_samples = 150, .pause = 1000, .row = 10 },
    { .name = "spawn.init1g.vs_init0",
      .subject = { "1 GiB before init", load_and_init, one_reaped_call },
      .baseline = { "procspawn+join+wait, small host", bench_init, one_reaped_call },
      .samples = 500, .quick_samples = 80, .pause = 1000, .row = 10 },
    { .name = NULL }
};
