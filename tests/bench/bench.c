/*
 * bench.c - measures all pairs. `bench NAME...` measures those whose name begins with NAME; `--svg
 * FILE` before the names draws the figures
 */
#include "tests/bench/chart.h"
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pair *const parts[] = {
    bench_fork_pairs, bench_scope_pairs, bench_spawn_pairs, bench_load_pairs, bench_floor_pairs,
    bench_rival_pairs, bench_map_pairs, bench_pool_pairs, bench_set_pairs, bench_shmem_pairs,
    bench_sandbox_pairs, bench_crash_pairs
};

static bool wanted(const char *name, int argc, char **argv)
{
    bool found = argc < 2;

    for (int i = 1; i < argc; i++)
        found |= strncmp(name, argv[i], strlen(argv[i])) == 0;
    return found;
}

int main(int argc, char **argv)
{
    const char *svg = NULL;
    bool ok = true;

    if (argc > 2 && strcmp(argv[1], "--svg") == 0) {
        svg = argv[2];
        argc -= 2;
        argv += 2;
        ok = bench_chart_open();
    }
    fprintf(stderr, "%-28s %-8s %8s   %10s / %10s\n", "figure", "", "ratio", "subject", "baseline");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (const struct pair *pair = parts[i]; pair->name; pair++) {
            if (wanted(pair->name, argc, argv))
                ok &= bench_measure(pair);
        }
    }
    if (svg)
        ok &= bench_chart_write(svg);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
