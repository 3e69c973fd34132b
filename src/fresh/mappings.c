/*
 * mappings.c - reads and compares mappings
 */
#include "src/fresh/mappings.h"

#include "src/base/maps.h"
#include "src/fresh/raw.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* ---- reading ---- */

static bool begins(const struct mapping *line, const char *word)
{
    size_t i = 0;

    for (; word[i]; i++) {
        if (i == line->path_length || line->path[i] != word[i])
            return false;
    }
    return true;
}

/* A private mapping of /dev/zero is anonymous memory; that of another device is not known. */
static bool is_device(const struct mapping *line)
{
    return (begins(line, "/dev/") && !begins(line, "/dev/zero") && !begins(line, "/dev/shm/")) ||
           begins(line, "/anon_hugepage");
}

static struct fresh__mapping mapping_of(const struct mapping *line)
{
    return (struct fresh__mapping){
        .range = { (uintptr_t)line->start, (uintptr_t)line->end },
        .offset = line->offset,
        .inode = line->inode,
        .major = line->major,
        .minor = line->minor,
        .rights = (line->readable ? PROT_READ : 0u) | (line->writable ? PROT_WRITE : 0u) |
                  (line->executable ? PROT_EXEC : 0u),
        .shared = line->shared,
        .heap = begins(line, "[heap]"),
        .stack = begins(line, "[stack]"),
        .ring = begins(line, "/[aio]"),
        .device = is_device(line),
    };
}

static bool lies_in(const struct fresh__range *inner, const struct fresh__range *outer)
{
    return outer->start <= inner->start && inner->end <= outer->end;
}

static int add_line(const struct fresh__saved *saved, const char *text, size_t length,
                    struct fresh__table *table)
{
    struct mapping line;

    if (!base__maps_line(text, length, &line))
        return -EPROTO;
    struct fresh__mapping mapping = mapping_of(&line);
    if (lies_in(&mapping.range, &saved->own) || lies_in(&mapping.range, &saved->view) ||
        begins(&line, "[vsyscall]"))
        return 0;
    if (table->count == FRESH__MAPPINGS)
        return -E2BIG;
    table->mapping[table->count++] = mapping;
    return 0;
}

/* Returns the length, or -errno. */
static long read_text(int maps, struct fresh__work *work)
{
    size_t length = 0;
    long n = 1;

    while (n > 0 && length < sizeof work->text) {
        n = fresh__call(SYS_pread64, maps, work->text + length, sizeof work->text - length, length);
        length += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return n;
    return length < sizeof work->text ? (long)length : -E2BIG;
}

int fresh__mappings_read(const struct fresh__saved *saved, struct fresh__work *work,
                         struct fresh__table *table)
{
    long length = read_text(saved->files.maps, work);
    long start = 0;
    int rc = length < 0 ? (int)length : 0;

    table->count = 0;
    for (long i = 0; i < length && rc == 0; i++) {
        if (work->text[i] != '\n')
            continue;
        rc = add_line(saved, work->text + start, (size_t)(i - start), table);
        start = i + 1;
    }
    return rc;
}

/* ---- one region ---- */

/* As in linux/fs.h of Linux 6.11. */
struct query {
    uint64_t size, flags, address;
    uint64_t start, end, rights, page_size, offset, inode;
    uint32_t major, minor, name_size, build_id_size;
    uint64_t name, build_id;
};

#define QUERY _IOWR('f', 17, struct query)
enum { QUERY_READABLE = 1, QUERY_WRITABLE = 2, QUERY_EXECUTABLE = 4, QUERY_SHARED = 8 };

static uint64_t rights_of(const struct fresh__region *region)
{
    return (region->rights & PROT_READ ? QUERY_READABLE : 0u) |
           (region->rights & PROT_WRITE ? QUERY_WRITABLE : 0u) |
           (region->rights & PROT_EXEC ? QUERY_EXECUTABLE : 0u);
}

enum fresh__whole fresh__region_query(const struct fresh__saved *saved,
                                      const struct fresh__region *region)
{
    struct query query;

    fresh__clear(&query, sizeof query);
    query.size = sizeof query;
    query.address = region->range.start;
    long rc = fresh__call(SYS_ioctl, saved->files.maps, QUERY, &query);
    if (rc == -ENOENT)
        return FRESH__BROKEN;
    if (rc < 0)
        return FRESH__UNKNOWN;
    bool whole = query.start == region->range.start && query.end == region->range.end &&
                 query.offset == region->offset && query.inode == saved->inode &&
                 query.major == saved->major && query.minor == saved->minor &&
                 query.rights == rights_of(region);
    return whole ? FRESH__WHOLE : FRESH__BROKEN;
}

static const struct fresh__mapping *find(const struct fresh__table *table, uintptr_t start)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (table->mapping[i].range.start == start)
            return &table->mapping[i];
    }
    return NULL;
}

bool fresh__region_in_table(const struct fresh__saved *saved, const struct fresh__region *region,
                            const struct fresh__table *table)
{
    const struct fresh__mapping *now = find(table, region->range.start);

    return now && now->range.end == region->range.end && now->offset == region->offset &&
           now->inode == saved->inode && now->major == saved->major && now->minor == saved->minor &&
           now->rights == region->rights && !now->shared;
}

/* ---- all of them ---- */

static bool is_region(const struct fresh__saved *saved, const struct fresh__mapping *mapping)
{
    return mapping->inode == saved->inode && mapping->major == saved->major &&
           mapping->minor == saved->minor && !mapping->shared;
}

/* The stack grows downwards. */
static bool same(const struct fresh__mapping *a, const struct fresh__mapping *b)
{
    if (a->stack && b->stack)
        return a->range.end == b->range.end && a->range.start >= b->range.start &&
               a->rights == b->rights;
    return a->range.start == b->range.start && a->range.end == b->range.end &&
           a->offset == b->offset && a->inode == b->inode && a->major == b->major &&
           a->minor == b->minor && a->rights == b->rights && a->shared == b->shared;
}

static bool has(const struct fresh__table *table, const struct fresh__mapping *wanted)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (same(wanted, &table->mapping[i]))
            return true;
    }
    return false;
}

/* The memory of an io_setup(2) that is still there: to unmap it does not end it. */
static bool has_ring(const struct fresh__table *table)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (table->mapping[i].ring)
            return true;
    }
    return false;
}

bool fresh__mappings_reparable(const struct fresh__saved *saved, const struct fresh__table *table)
{
    for (unsigned i = 0; i < saved->table.count; i++) {
        const struct fresh__mapping *was = &saved->table.mapping[i];
        if (!is_region(saved, was) && !has(table, was))
            return false;
    }
    return !has_ring(table) || has_ring(&saved->table);
}

/* ---- removal ---- */

static bool covers(const struct fresh__range *range, uintptr_t at)
{
    return range->start <= at && at < range->end;
}

/* The first of the ranges that ends behind `at`: of a mapping that was there, or of the reset. */
static void look_at(const struct fresh__range *range, uintptr_t at, struct fresh__range *next)
{
    if (range->end > at && range->start < next->start)
        *next = *range;
}

static struct fresh__range next_known(const struct fresh__saved *saved, uintptr_t at)
{
    struct fresh__range next = { UINTPTR_MAX, UINTPTR_MAX };

    for (unsigned i = 0; i < saved->table.count; i++)
        look_at(&saved->table.mapping[i].range, at, &next);
    look_at(&saved->own, at, &next);
    look_at(&saved->view, at, &next);
    return next;
}

static int remove_unknown(const struct fresh__saved *saved, const struct fresh__range *range)
{
    uintptr_t at = range->start;
    long rc = 0;

    while (at < range->end && rc == 0) {
        struct fresh__range known = next_known(saved, at);
        uintptr_t end = known.start < range->end ? known.start : range->end;
        if (covers(&known, at)) {
            at = known.end;
            continue;
        }
        rc = fresh__call(SYS_munmap, at, end - at);
        at = end;
    }
    return (int)rc;
}

int fresh__mappings_remove_new(const struct fresh__saved *saved, const struct fresh__table *table)
{
    int rc = 0;

    for (unsigned i = 0; i < table->count && rc == 0; i++)
        rc = remove_unknown(saved, &table->mapping[i].range);
    return rc;
}
