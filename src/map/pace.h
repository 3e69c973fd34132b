/*
 * pace.h - how many items make a chunk, found by measuring
 *
 * A chunk is to take about 2 ms: much longer than the message that carries it, and short enough
 * that the results come soon. It knows no workers and no messages.
 */
#ifndef FORKSCOPE_MAP_PACE_H
#define FORKSCOPE_MAP_PACE_H

#include <stddef.h>
#include <stdint.h>

struct procspawn__pace {
    int64_t item;               /* what one item takes, nanoseconds; 0: not known */
    size_t chunk;               /* the size of the next chunk */
};

void procspawn__pace_init(struct procspawn__pace *pace);
/* So many items have taken so long. */
void procspawn__pace_note(struct procspawn__pace *pace, size_t items, int64_t duration);
/*
 * The size of the next chunk. With `left` items left (SIZE_MAX: not known), the last chunks are
 * smaller, so that `workers` workers end at about the same time.
 */
size_t procspawn__pace_next(const struct procspawn__pace *pace, size_t left, size_t workers);

#endif
