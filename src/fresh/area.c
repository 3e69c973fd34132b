/*
 * area.c - the memory of the reset
 */
#include "src/fresh/area.h"

#include "src/fresh/raw.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { UNIT = 65536 };          /* a multiple of the size of a page, whatever that is */

static size_t round_up(size_t size)
{
    return (size + UNIT - 1) / UNIT * UNIT;
}

/* A guard before and after the two parts. What is never touched takes no memory. */
int fresh__area_new(struct fresh__area *ret_area)
{
    const size_t saved = round_up(sizeof *ret_area->saved);
    const size_t work = round_up(sizeof *ret_area->work);
    long start = fresh__call(SYS_mmap, NULL, saved + work + 2 * UNIT, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (start < 0 && start > -4096)
        return (int)start;
    long rc = fresh__call(SYS_mprotect, start + UNIT, saved + work, PROT_READ | PROT_WRITE);
    if (rc < 0) {
        fresh__call(SYS_munmap, start, saved + work + 2 * UNIT);
        return (int)rc;
    }
    ret_area->saved = (struct fresh__saved *)(start + UNIT);
    ret_area->work = (struct fresh__work *)(start + UNIT + (long)saved);
    ret_area->saved->own = (struct fresh__range){
        (uintptr_t)start, (uintptr_t)start + saved + work + 2 * UNIT };
    return 0;
}

static int set_rights(const struct fresh__area *area, int rights)
{
    return (int)fresh__call(SYS_mprotect, area->saved, round_up(sizeof *area->saved), rights);
}

int fresh__area_protect(const struct fresh__area *area)
{
    return set_rights(area, PROT_READ);
}

int fresh__area_open(const struct fresh__area *area)
{
    return set_rights(area, PROT_READ | PROT_WRITE);
}
