/*
 * bench_map.c - a map of 10,000 items that take next to no time, compared with one call that takes
 * and returns them all
 */
#include "tests/bench/host.h"
#include "tests/bench/measure.h"

#include <forkscope/call.h>
#include <forkscope/map.h>
#include <forkscope/pool.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { ITEMS = 10000, WORKERS = 2 };

static procspawn_pool *pool;
static json_t *items;

static json_t *add_one(json_t *item)
{
    return json_integer(json_integer_value(item) + 1);
}

static json_t *add_one_to_all(json_t *numbers)
{
    json_t *results = json_array();
    json_t *number;
    size_t i;

    json_array_foreach(numbers, i, number)
        json_array_append_new(results, add_one(number));
    return results;
}

static bool is_right(json_t *results)
{
    json_t *last = json_array_get(results, ITEMS - 1);
    bool right = json_array_size(results) == ITEMS && json_integer_value(last) == ITEMS;

    json_decref(results);
    return right;
}

static double map_all(void)
{
    const struct procspawn_map_options options = { .pool = pool };
    json_t *results = NULL;
    double start = bench_now();
    int rc = procspawn_map(&options, add_one, items, &results, NULL);
    double time = bench_now() - start;

    return rc == 0 && is_right(results) ? time : -1;
}

static double call_once(void)
{
    json_t *results = NULL;
    double start = bench_now();
    int rc = procspawn_pool_call(pool, add_one_to_all, items, &results, NULL);
    double time = bench_now() - start;

    return rc == 0 && is_right(results) ? time : -1;
}

/* Both workers have started afterwards, and have run both functions. */
static bool begin(void)
{
    items = json_array();
    for (int i = 0; i < ITEMS; i++)
        json_array_append_new(items, json_integer(i));
    if (!bench_init() || procspawn_pool_new(WORKERS, &pool) < 0)
        return false;
    for (int i = 0; i < WORKERS * 2; i++) {
        if (map_all() < 0 || call_once() < 0)
            return false;
    }
    return true;
}

const struct pair bench_map_pairs[] = {
    { .name = "map.trivial.vs_pool", .subject = { "map of 10,000 trivial items", begin, map_all },
      .baseline = { "one call of a pool for all", begin, call_once }, .samples = 100,
      .quick_samples = 20, .pause = 2000 },
    { .name = NULL }
};
