/*
 * measure.h - ratios that noise of the machine does not distort
 *
 * A figure is the median of the subject over the median of the baseline. Each side is a process of
 * its own, which sets itself up once and then gives one sample on each request. The samples of both
 * sides are taken in turns, so that a disturbance affects both. Each pair is measured pinned to one
 * CPU and not pinned; the processes inherit that before they set up. An operation that is done only
 * once in a while is sampled in short rows, so that the pauses do not grow because of the other
 * side.
 *
 * One JSON object a line goes to standard output, a table for people to standard error.
 */
#ifndef FORKSCOPE_TESTS_BENCH_MEASURE_H
#define FORKSCOPE_TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

struct side {
    const char *name;
    bool (*setup)(void);        /* false: this machine cannot; may be NULL */
    double (*sample)(void);     /* microseconds (or KiB) for one operation; < 0: failed */
};

struct pair {
    const char *name;
    struct side subject;
    struct side baseline;
    unsigned samples;           /* of each side */
    unsigned quick_samples;     /* with QUICK=1 */
    unsigned pause;             /* microseconds between samples */
    unsigned row;               /* samples that a side gives in a row, 0 for one */
    bool rate;                  /* the figure is baseline time over subject time */
    bool unpinned_only;
    bool pinned_only;
    bool optional;              /* a side that cannot be set up here is left out */
    bool steady;                /* pinned it must be 1 within 5 %, or is measured again */
    const char *unit;           /* of a sample; NULL: microseconds */
};

/* Measures a pair in both ways and prints the lines. Returns false if a side failed. */
bool bench_measure(const struct pair *pair);

/* The time of a monotonic clock, in microseconds. */
double bench_now(void);

/* Pairs of each part, ended by one without a name. */
extern const struct pair bench_fork_pairs[];
extern const struct pair bench_scope_pairs[];
extern const struct pair bench_spawn_pairs[];
extern const struct pair bench_floor_pairs[];
extern const struct pair bench_load_pairs[];
extern const struct pair bench_rival_pairs[];
extern const struct pair bench_shmem_pairs[];
extern const struct pair bench_pool_pairs[];
extern const struct pair bench_map_pairs[];
extern const struct pair bench_set_pairs[];
extern const struct pair bench_sandbox_pairs[];
extern const struct pair bench_crash_pairs[];

#endif
