/*
 * pages.c - asks the kernel for the pages of a range
 */
#include "src/fresh/pages.h"

#include "src/fresh/raw.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* ---- PAGEMAP_SCAN, as in linux/fs.h of Linux 6.7 ---- */

enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, IS_ZERO = 1 << 5 };

struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_length, max_pages;
    uint64_t inverted, all_of, any_of, returned;
};

struct scanned {
    uint64_t start, end, categories;
};

#define SCAN _IOWR('f', 16, struct scan)

/* Pages of zeros that were only read do not count as written. */
static int scan(const struct fresh__saved *saved, const struct fresh__range *range,
                enum fresh__page_kind kind, struct fresh__work *work, uintptr_t *ret_next)
{
    struct scanned found[FRESH__RUNS];
    struct scan scan;

    fresh__clear(&scan, sizeof scan);
    scan.size = sizeof scan;
    scan.start = range->start;
    scan.end = range->end;
    scan.vec = (uint64_t)(uintptr_t)found;
    scan.vec_length = FRESH__RUNS;
    scan.any_of = IS_PRESENT | IS_SWAPPED;
    if (kind == FRESH__WRITTEN)
        scan.inverted = scan.all_of = IS_FILE | IS_ZERO;
    long count = fresh__call(SYS_ioctl, saved->files.pagemap, SCAN, &scan);
    for (long i = 0; i < count; i++)
        work->run[i] = (struct fresh__range){ (uintptr_t)found[i].start, (uintptr_t)found[i].end };
    *ret_next = (uintptr_t)scan.walk_end;
    return (int)count;
}

/* ---- the contents of the file ---- */

static const uint64_t present = 1ULL << 63, swapped = 1ULL << 62, of_file = 1ULL << 61;

static bool is_wanted(uint64_t page, enum fresh__page_kind kind)
{
    return (page & (present | swapped)) && (kind == FRESH__PRESENT || !(page & of_file));
}

static int read_pages(const struct fresh__saved *saved, const struct fresh__range *range,
                      enum fresh__page_kind kind, struct fresh__work *work, uintptr_t *ret_next)
{
    const uintptr_t size = saved->page;
    const uintptr_t most = sizeof work->pages / sizeof work->pages[0];
    uintptr_t at = range->start;
    int count = 0;

    while (at < range->end) {
        uintptr_t pages = (range->end - at) / size < most ? (range->end - at) / size : most;
        long n = fresh__call(SYS_pread64, saved->files.pagemap, work->pages, pages * 8,
                              at / size * 8);
        if (n < 8)
            return n < 0 ? (int)n : -EIO;
        for (long i = 0; i < n / 8; i++, at += size) {
            if (!is_wanted(work->pages[i], kind))
                continue;
            if (count > 0 && work->run[count - 1].end == at) {
                work->run[count - 1].end += size;
                continue;
            }
            if (count == FRESH__RUNS) {
                *ret_next = at;
                return count;
            }
            work->run[count++] = (struct fresh__range){ at, at + size };
        }
    }
    *ret_next = range->end;
    return count;
}

int fresh__pages_find(const struct fresh__saved *saved, const struct fresh__range *range,
                      enum fresh__page_kind kind, struct fresh__work *work, uintptr_t *ret_next)
{
    int count = -ENOTTY;

    if (!work->no_scan)
        count = scan(saved, range, kind, work, ret_next);
    if (count >= 0 || saved->scans)
        return count;
    work->no_scan = true;
    return read_pages(saved, range, kind, work, ret_next);
}
