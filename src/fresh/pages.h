/*
 * pages.h - which pages of a range of addresses are there, and which were written
 *
 * Since Linux 6.7 one ioctl(2) of /proc/self/pagemap tells that, PAGEMAP_SCAN. Older kernels, and
 * filters that refuse the ioctl, leave the file's contents: eight bytes for each page. Which of
 * both it is shows when the snapshot is taken; then it stays so.
 */
#ifndef FORKSCOPE_FRESH_PAGES_H
#define FORKSCOPE_FRESH_PAGES_H

#include "src/fresh/area.h"

enum fresh__page_kind {
    FRESH__PRESENT,             /* in memory or swapped out */
    FRESH__WRITTEN              /* the same, and no longer the page of a file */
};

/*
 * Finds runs of such pages from range->start on and writes them to work->run. Returns their number,
 * at most FRESH__RUNS, or -errno; *ret_next: where to go on, range->end when all was looked at.
 */
int fresh__pages_find(const struct fresh__saved *saved, const struct fresh__range *range,
                      enum fresh__page_kind kind, struct fresh__work *work, uintptr_t *ret_next);

#endif
