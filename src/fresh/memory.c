/*
 * memory.c - the snapshot of the memory
 */
#include "src/fresh/memory.h"

#include "src/fresh/advice.h"
#include "src/fresh/mappings.h"
#include "src/fresh/pages.h"
#include "src/fresh/raw.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const uint64_t most = 1ULL << 40;       /* bytes of a snapshot, most of them never touched */

/* ---- saving ---- */

static bool is_saved(const struct fresh__saved *saved, const struct fresh__mapping *mapping)
{
    return !mapping->shared && (mapping->rights & PROT_WRITE) && !mapping->stack &&
           !fresh__advice_at(saved, mapping->range.start).wiped;
}

/* Adjacent regions of the same rights and advice become one mapping, so they are one region. */
static bool extends(const struct fresh__region *last, const struct fresh__mapping *mapping,
                    const struct fresh__advice *advice)
{
    return last->range.end == mapping->range.start && last->rights == mapping->rights &&
           fresh__advice_same(&last->advice, advice);
}

static const char *add_region(struct fresh__saved *saved, const struct fresh__mapping *mapping,
                              uint64_t *size)
{
    struct fresh__region *last = &saved->region[saved->region_count];
    const struct fresh__advice advice = fresh__advice_at(saved, mapping->range.start);

    if (mapping->device)
        return "memory of a device, or of huge pages";
    if (!(mapping->rights & PROT_READ))
        return "memory that cannot be read";
    if (saved->region_count > 0 && extends(last - 1, mapping, &advice)) {
        (last - 1)->range.end = mapping->range.end;
    } else {
        if (saved->region_count == FRESH__REGIONS)
            return "too many mappings";
        *last = (struct fresh__region){ .range = mapping->range, .rights = mapping->rights,
                                        .offset = *size, .advice = advice };
        saved->region_count++;
    }
    *size += mapping->range.end - mapping->range.start;
    return NULL;
}

static const char *list_regions(struct fresh__saved *saved, const struct fresh__table *table,
                                uint64_t *ret_size)
{
    const char *obstacle = NULL;

    *ret_size = 0;
    for (unsigned i = 0; i < table->count && !obstacle; i++) {
        const struct fresh__mapping *mapping = &table->mapping[i];
        if (mapping->stack)
            saved->stack = mapping->range;
        else if (is_saved(saved, mapping))
            obstacle = add_region(saved, mapping, ret_size);
    }
    if (!obstacle && (saved->mark < saved->stack.start || saved->mark >= saved->stack.end))
        obstacle = "a stack that is not the main thread's";
    return obstacle;
}

static int write_all(int file, uintptr_t start, uintptr_t end, uint64_t offset)
{
    while (start < end) {
        long n = fresh__call(SYS_pwrite64, file, start, end - start, offset);
        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        start += (uintptr_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

/* Pages that were never touched are left out: they are zero, as holes of the file are. */
static int save_present(const struct fresh__saved *saved, struct fresh__work *work,
                        const struct fresh__range *range, uint64_t offset)
{
    struct fresh__range rest = *range;
    int rc = 0;

    while (rc == 0 && rest.start < rest.end) {
        uintptr_t next = rest.end;
        int count = fresh__pages_find(saved, &rest, FRESH__PRESENT, work, &next);
        rc = count < 0 ? count : 0;
        for (int i = 0; i < count && rc == 0; i++)
            rc = write_all(saved->files.snapshot, work->run[i].start, work->run[i].end,
                           offset + (work->run[i].start - range->start));
        rest.start = next;
    }
    return rc;
}

static const struct fresh__region *region_at(const struct fresh__saved *saved, uintptr_t at)
{
    for (unsigned i = 0; i < saved->region_count; i++) {
        const struct fresh__region *region = &saved->region[i];
        if (region->range.start <= at && at < region->range.end)
            return region;
    }
    return NULL;
}

/* What lies in a file has to be read even if no page of it was touched. */
static int save_contents(const struct fresh__saved *saved, struct fresh__work *work,
                         const struct fresh__table *table)
{
    int rc = 0;

    for (unsigned i = 0; i < table->count && rc == 0; i++) {
        const struct fresh__mapping *mapping = &table->mapping[i];
        if (!is_saved(saved, mapping))
            continue;
        const struct fresh__region *region = region_at(saved, mapping->range.start);
        uint64_t offset = region->offset + (mapping->range.start - region->range.start);
        rc = mapping->inode == 0
                 ? save_present(saved, work, &mapping->range, offset)
                 : write_all(saved->files.snapshot, mapping->range.start, mapping->range.end,
                             offset);
    }
    return rc;
}

static uintptr_t page_of(const struct fresh__saved *saved, uintptr_t at)
{
    return at / saved->page * saved->page;
}

static int seal(struct fresh__saved *saved, uint64_t size)
{
    struct stat status;
    long rc = fresh__call(SYS_fcntl, saved->files.snapshot, F_ADD_SEALS,
                          F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);

    if (rc == 0)
        rc = fresh__call(SYS_fstat, saved->files.snapshot, &status);
    if (rc < 0)
        return (int)rc;
    saved->inode = status.st_ino;
    saved->major = (uint32_t)(status.st_dev >> 8 & 0xfff);
    saved->minor = (uint32_t)((status.st_dev & 0xff) | (status.st_dev >> 12 & 0xfff00));
    long view = fresh__call(SYS_mmap, NULL, size, PROT_READ, MAP_SHARED, saved->files.snapshot, 0);
    if (view < 0 && view > -4096)
        return (int)view;
    saved->view = (struct fresh__range){ (uintptr_t)view, (uintptr_t)(view + (long)size) };
    return 0;
}

/*
 * To copy back a few pages takes less time than to ask which were written, and whether their
 * mapping is the same.
 */
static void mark_small(struct fresh__saved *saved)
{
    enum { FEW = 8 };

    for (unsigned i = 0; i < saved->region_count; i++) {
        const struct fresh__range *range = &saved->region[i].range;
        saved->region[i].small = range->end - range->start <= FEW * saved->page;
    }
}

static int map_region(const struct fresh__saved *saved, const struct fresh__region *region)
{
    long at = fresh__call(SYS_mmap, region->range.start, region->range.end - region->range.start,
                          region->rights, MAP_PRIVATE | MAP_FIXED, saved->files.snapshot,
                          region->offset);
    return at == (long)region->range.start ? fresh__advice_give(region) : (int)at;
}

static int write_snapshot(struct fresh__saved *saved, struct fresh__work *work, uint64_t size)
{
    const struct fresh__range upper = { page_of(saved, saved->mark), saved->stack.end };

    saved->stack_offset = size;
    size += upper.end - upper.start;
    int rc = (int)fresh__call(SYS_ftruncate, saved->files.snapshot, size);
    if (rc == 0)
        rc = save_present(saved, work, &upper, saved->stack_offset);
    if (rc == 0)
        rc = save_contents(saved, work, &work->table);
    return rc == 0 ? seal(saved, size) : rc;
}

/* From save_contents on nothing is written but to the stack and to the area. */
const char *fresh__memory_save(struct fresh__saved *saved, struct fresh__work *work)
{
    uint64_t size;
    int rc = fresh__mappings_read(saved, work, &work->table);

    if (rc < 0)
        return "the list of mappings cannot be read";
    const char *obstacle = list_regions(saved, &work->table, &size);
    if (!obstacle && size > most)
        obstacle = "too much memory, as a sanitizer reserves it";
    if (obstacle)
        return obstacle;
    mark_small(saved);
    saved->brk = (uintptr_t)fresh__call(SYS_brk, 0);
    rc = fresh__advice_wipe(saved);
    if (rc == 0)
        rc = write_snapshot(saved, work, size);
    saved->scans = !work->no_scan;
    for (unsigned i = 0; i < saved->region_count && rc == 0; i++)
        rc = map_region(saved, &saved->region[i]);
    if (rc == 0)
        rc = fresh__mappings_read(saved, work, &saved->table);
    work->no_query = fresh__region_query(saved, &saved->region[0]) == FRESH__UNKNOWN;
    return rc < 0 ? "the memory cannot be copied" : NULL;
}

/* ---- putting back ---- */

static const char *saved_at(const struct fresh__saved *saved, uint64_t offset)
{
    return (const char *)(saved->view.start + offset);
}

/* What the kernel writes at any time is left out. */
static void copy_back(const struct fresh__saved *saved, const struct fresh__range *range,
                      uint64_t offset)
{
    const struct fresh__range *rseq = &saved->rseq;
    uintptr_t end = range->end;

    if (rseq->start < range->end && rseq->end > range->start) {
        if (rseq->end < range->end)
            fresh__copy((void *)rseq->end, saved_at(saved, offset + (rseq->end - range->start)),
                        range->end - rseq->end);
        end = rseq->start > range->start ? rseq->start : range->start;
    }
    fresh__copy((void *)range->start, saved_at(saved, offset), end - range->start);
}

/* A run of pages may lie in several regions, or in what lies between them. */
static void put_back_run(const struct fresh__saved *saved, const struct fresh__range *run,
                         unsigned first, unsigned end)
{
    for (unsigned i = first; i < end && saved->region[i].range.start < run->end; i++) {
        const struct fresh__region *region = &saved->region[i];
        struct fresh__range part = {
            run->start > region->range.start ? run->start : region->range.start,
            run->end < region->range.end ? run->end : region->range.end,
        };
        if (part.start < part.end && !region->small)
            copy_back(saved, &part, region->offset + (part.start - region->range.start));
    }
}

/* The first region from this one on that is not small, or the number of all. */
static unsigned next_large(const struct fresh__saved *saved, unsigned i)
{
    while (i < saved->region_count && saved->region[i].small)
        i++;
    return i;
}

/*
 * To ask for the pages of each region takes longer than to ask for those of several that lie close
 * together, with what lies between them. Returns the first region that is not among these.
 */
static unsigned end_of_group(const struct fresh__saved *saved, unsigned first)
{
    enum { CLOSE = 256 << 10 };
    unsigned end = first + 1;

    for (;;) {
        unsigned next = next_large(saved, end);
        if (next == saved->region_count ||
            saved->region[next].range.start - saved->region[end - 1].range.end > CLOSE)
            return end;
        end = next + 1;
    }
}

static int put_back_group(const struct fresh__saved *saved, struct fresh__work *work,
                          unsigned first, unsigned end)
{
    struct fresh__range rest = { saved->region[first].range.start,
                                 saved->region[end - 1].range.end };

    while (rest.start < rest.end) {
        uintptr_t next = rest.end;
        int count = fresh__pages_find(saved, &rest, FRESH__WRITTEN, work, &next);
        if (count < 0)
            return count;
        for (int i = 0; i < count; i++)
            put_back_run(saved, &work->run[i], first, end);
        rest.start = next;
    }
    return 0;
}

static bool are_whole(const struct fresh__saved *saved, bool small)
{
    for (unsigned i = 0; i < saved->region_count; i++) {
        const struct fresh__region *region = &saved->region[i];
        if (region->small == small && fresh__region_query(saved, region) != FRESH__WHOLE)
            return false;
    }
    return true;
}

static void put_back_small(const struct fresh__saved *saved)
{
    for (unsigned i = 0; i < saved->region_count; i++) {
        if (saved->region[i].small)
            copy_back(saved, &saved->region[i].range, saved->region[i].offset);
    }
}

/* The table has just been read. */
static int map_broken_regions(const struct fresh__saved *saved, const struct fresh__work *work)
{
    int rc = 0;

    for (unsigned i = 0; i < saved->region_count && rc == 0; i++) {
        if (!fresh__region_in_table(saved, &saved->region[i], &work->table))
            rc = map_region(saved, &saved->region[i]);
    }
    return rc;
}

static int put_back_large(const struct fresh__saved *saved, struct fresh__work *work)
{
    unsigned end;
    int rc = 0;

    for (unsigned i = next_large(saved, 0); i < saved->region_count && rc == 0;
         i = next_large(saved, end)) {
        end = end_of_group(saved, i);
        rc = put_back_group(saved, work, i, end);
    }
    return rc;
}

/*
 * The part of a run above the mark is copied back. Below it lies what calls have left, and the
 * frames of this function and its callers: all but these is cleared.
 */
static void put_back_stack_run(const struct fresh__saved *saved, const struct fresh__range *run)
{
    const uintptr_t frames = page_of(saved, (uintptr_t)__builtin_frame_address(0)) - saved->page;

    if (run->start < frames)
        fresh__clear((void *)run->start,
                     (run->end < frames ? run->end : frames) - run->start);
    if (run->end > saved->mark) {
        uintptr_t start = run->start > saved->mark ? run->start : saved->mark;
        uint64_t offset = saved->stack_offset + (start - page_of(saved, saved->mark));
        fresh__copy((void *)start, saved_at(saved, offset), run->end - start);
    }
}

static int put_back_stack(const struct fresh__saved *saved, struct fresh__work *work)
{
    struct fresh__range rest = saved->stack;

    while (rest.start < rest.end) {
        uintptr_t next = rest.end;
        int count = fresh__pages_find(saved, &rest, FRESH__PRESENT, work, &next);
        if (count < 0)
            return count;
        for (int i = 0; i < count; i++)
            put_back_stack_run(saved, &work->run[i]);
        rest.start = next;
    }
    return 0;
}

static int put_back_brk(const struct fresh__saved *saved)
{
    if ((uintptr_t)fresh__call(SYS_brk, 0) == saved->brk ||
        (uintptr_t)fresh__call(SYS_brk, saved->brk) == saved->brk)
        return 0;
    return -ENOMEM;
}

/*
 * The heap is put back at first, because the kernel shortens only what is there; and again when new
 * mappings are gone, which may lie where it is to be.
 */
static int put_back_mappings(const struct fresh__saved *saved, struct fresh__work *work)
{
    int rc = fresh__mappings_read(saved, work, &work->table);

    if (rc == 0 && !fresh__mappings_reparable(saved, &work->table))
        rc = -EFAULT;
    if (rc == 0)
        rc = fresh__mappings_remove_new(saved, &work->table);
    if (rc == 0)
        rc = put_back_brk(saved);
    return rc == 0 ? map_broken_regions(saved, work) : rc;
}

/* Of all threads that the process has had. 0: the kernel does not tell. */
static long count_faults(void)
{
    struct rusage usage;

    if (fresh__call(SYS_getrusage, RUSAGE_SELF, &usage) < 0)
        return 0;
    return usage.ru_minflt + usage.ru_majflt;
}

static int put_back_contents(const struct fresh__saved *saved, struct fresh__work *work)
{
    int rc = fresh__advice_wipe(saved);

    if (rc == 0)
        put_back_small(saved);
    if (rc == 0)
        rc = put_back_large(saved, work);
    return rc == 0 ? put_back_stack(saved, work) : rc;
}

/*
 * The last step. If there was no page fault since the last reset, all pages of the small regions
 * are those that it has left, since all have just been written to; so the regions are whole.
 * Returns whether that is so, or `compared` says that they were compared.
 */
static bool has_same_pages(struct fresh__work *work, bool compared)
{
    const long faults = count_faults();
    const bool same = faults != 0 && faults == work->faults;

    work->faults = faults;
    return same || compared;
}

/*
 * If a region is not what it was, another mapping may have taken its place in the amounts that the
 * look before the answer has compared.
 */
int fresh__memory_put_back(const struct fresh__saved *saved, struct fresh__work *work)
{
    int rc = put_back_brk(saved);
    const bool compares = rc < 0 || work->found.mappings || work->no_query ||
                          !are_whole(saved, false);

    if (compares)
        rc = put_back_mappings(saved, work);
    if (rc == 0)
        rc = put_back_contents(saved, work);
    if (rc < 0 || has_same_pages(work, compares) || are_whole(saved, true))
        return rc;
    rc = put_back_mappings(saved, work);
    return rc == 0 ? put_back_contents(saved, work) : rc;
}

void __attribute__((noinline)) fresh__memory_clear_frames(const struct fresh__saved *saved)
{
    enum { OWN_FRAME = 512 };
    const uintptr_t size = 3 * saved->page;

    fresh__clear((char *)__builtin_frame_address(0) - OWN_FRAME - size, size);
}
