/*
 * advice.h - what madvise(2) has said of writable private memory, before the snapshot
 *
 * A snapshot replaces this memory by mappings of its own, which start without advice.
 */
#ifndef FORKSCOPE_FRESH_ADVICE_H
#define FORKSCOPE_FRESH_ADVICE_H

#include "src/fresh/area.h"
#include <stdbool.h>

/*
 * Reads saved->files.advice, a file /proc/self/smaps, writes the mappings with advice to
 * saved->advised, and closes the file. 0, -errno, or -E2BIG if there are too many.
 */
int fresh__advice_read(struct fresh__saved *saved, struct fresh__work *work);

/* The advice for the mapping that starts there. */
struct fresh__advice fresh__advice_at(const struct fresh__saved *saved, uintptr_t start);
bool fresh__advice_same(const struct fresh__advice *a, const struct fresh__advice *b);

/* Gives the advice for a region that has just been mapped. 0 or -errno. */
int fresh__advice_give(const struct fresh__region *region);

/* Wipes what a forked process finds wiped. 0 or -errno. */
int fresh__advice_wipe(const struct fresh__saved *saved);

#endif
