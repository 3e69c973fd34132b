/*
 * tally.h - the numbers of a run
 */
#ifndef VET_TALLY_H
#define VET_TALLY_H

#include "examples/vet/verdict.h"

#include <stddef.h>
#include <stdint.h>

struct tally {
    int64_t started;                /* nanoseconds on CLOCK_MONOTONIC */
    int64_t ended;
    int64_t files;
    int64_t bytes;
    int64_t outcomes[OUTCOMES];
    int64_t *durations;             /* of the calls, in nanoseconds */
    size_t calls;
    size_t room;
};

void tally_init(struct tally *tally);
void tally_fini(struct tally *tally);

/* Counts a verdict. When memory runs out, only its duration is lost. */
void tally_add(struct tally *tally, const struct verdict *verdict);

/* The clock stops; durations are sorted for tally_percentile. */
void tally_end(struct tally *tally);

/* Files in a second, until now or until the end. */
double tally_rate(const struct tally *tally);

/* The duration in nanoseconds that so many percent of the calls did not exceed, 0 without calls. */
int64_t tally_percentile(const struct tally *tally, int percent);

#endif
