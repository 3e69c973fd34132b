/*
 * area.c - maps the memory shared with the runner, and writes failures into it
 */
#include "src/cunit/area.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

struct area *procspawn__cunit_area;

int procspawn__cunit_area_map(struct area **ret_area)
{
    void *memory =
        mmap(NULL, sizeof(struct area), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return -errno;
    *ret_area = memory;
    return 0;
}

void procspawn__cunit_area_unmap(struct area *area)
{
    munmap(area, sizeof(*area));
}

void procspawn__cunit_area_fail(struct area *area, const char *file, unsigned line,
                                const char *text)
{
    unsigned slot = atomic_fetch_add(&area->failures, 1);
    struct area_failure *failure;

    if (slot >= AREA_FAILURES)
        return;
    failure = &area->failure[slot];
    failure->line = line;
    snprintf(failure->file, sizeof(failure->file), "%s", file);
    snprintf(failure->text, sizeof(failure->text), "%s", text);
    atomic_store(&failure->written, true);
}
