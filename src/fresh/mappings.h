/*
 * mappings.h - the mappings of this process, and what has changed of them
 */
#ifndef FORKSCOPE_FRESH_MAPPINGS_H
#define FORKSCOPE_FRESH_MAPPINGS_H

#include "src/fresh/area.h"
#include <stdbool.h>

/*
 * Reads /proc/self/maps into *table, without the mappings of the reset itself. 0, -errno, or -E2BIG
 * if there are too many.
 */
int fresh__mappings_read(const struct fresh__saved *saved, struct fresh__work *work,
                         struct fresh__table *table);

/*
 * Is the mapping at this region the one that the snapshot has made, of the same size and rights?
 * The kernel is asked by PROCMAP_QUERY (Linux 6.11): FRESH__UNKNOWN without it. Then a table that
 * has just been read tells it.
 */
enum fresh__whole { FRESH__WHOLE, FRESH__BROKEN, FRESH__UNKNOWN };
enum fresh__whole fresh__region_query(const struct fresh__saved *saved,
                                      const struct fresh__region *region);
bool fresh__region_in_table(const struct fresh__saved *saved, const struct fresh__region *region,
                            const struct fresh__table *table);

/*
 * Can the mappings of work->table be put back, by removing new ones and mapping regions anew? What
 * is no region must be as it was.
 */
bool fresh__mappings_reparable(const struct fresh__saved *saved, const struct fresh__table *table);

/* Removes what the table, which has just been read, has and the snapshot has not. 0 or -errno. */
int fresh__mappings_remove_new(const struct fresh__saved *saved, const struct fresh__table *table);

#endif
