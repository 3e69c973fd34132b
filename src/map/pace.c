/*
 * pace.c - how many items make a chunk, found by measuring
 */
#include "src/map/pace.h"

#include "src/base/clock.h"
#include <stddef.h>
#include <stdint.h>

static const int64_t aim = BASE_SECOND / 500;

/* The first items of a worker take longer than the others. Where the next ones take longer than
 * those before, the worker ends its chunk early. */
enum { GROWTH = 64, MOST = 16 << 10, SHRINKING = 4 };

void procspawn__pace_init(struct procspawn__pace *pace)
{
    *pace = (struct procspawn__pace){ .chunk = 1 };
}

void procspawn__pace_note(struct procspawn__pace *pace, size_t items, int64_t duration)
{
    int64_t item = duration / (int64_t)items;

    if (item < 1)
        item = 1;
    pace->item = pace->item == 0 || items * 2 > pace->chunk ? item : (pace->item + item) / 2;
    size_t chunk = (size_t)(aim / pace->item);
    if (chunk > items * GROWTH && chunk > pace->chunk)
        chunk = items * GROWTH > pace->chunk ? items * GROWTH : pace->chunk;
    if (chunk > MOST)
        chunk = MOST;
    pace->chunk = chunk > 0 ? chunk : 1;
}

size_t procspawn__pace_next(const struct procspawn__pace *pace, size_t left, size_t workers)
{
    size_t share = left == SIZE_MAX ? left : left / (2 * workers);
    size_t least = pace->chunk / SHRINKING + 1;

    if (share < least)
        share = least;
    return pace->chunk < share ? pace->chunk : share;
}
