/*
 * processes_maps.c - maps: each item runs at most once, has its own result, and one that crashes
 * costs no other
 */
#include "tests/random/processes.h"
#include "tests/support/closed.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WIDEST_WINDOW = 40 };

/* What the function does with an item. */
enum fate {
    FATE_ANSWER, FATE_BYTES, FATE_SLEEP, FATE_FAIL, FATE_PANIC, FATE_EXIT, FATE_KILL, FATE_HANG,
    FATES, FATES_WITH_RESULT = FATE_FAIL
};

/* One map, as its thread sees it. */
struct map {
    struct dice dice;
    struct map_board *begun;
    int slot, family;
    int64_t generation, started;
    struct procspawn_map_options options;
    struct pool pool;
    enum fate fates[MAP_ITEMS];
    bool given[MAP_ITEMS];
    size_t items, made, taken;
    size_t source_stops, sink_stops, progress_stops;    /* at this item; MAP_ITEMS: never */
    size_t done;                    /* as told by the last progress */
    bool counted;                   /* the number of items is known to the map */
    bool stopped;
    bool scoped;
};

/* ---- the function ---- */

static json_int_t get(const json_t *item, size_t index)
{
    return json_integer_value(json_array_get(item, index));
}

/* An item of an earlier map finds another generation. */
static void note_begin(const json_t *item)
{
    struct map_board *begun = &board->maps[get(item, 0)];
    if (begun->generation == get(item, 1))
        atomic_fetch_add(&begun->items[get(item, 2)], 1);
}

static uint64_t number_of(json_int_t generation, json_int_t index)
{
    return (uint64_t)(generation * MAP_ITEMS + index);
}

static json_t *do_item(json_t *item)
{
    uint64_t number = number_of(get(item, 1), get(item, 2));
    family_enter((int)get(item, 4));
    note_begin(item);
    switch ((enum fate)get(item, 3)) {
    case FATE_SLEEP:
        poll(NULL, 0, (int)(number % 4));
        break;
    case FATE_BYTES:
        return json_pack("[I, o]", (json_int_t)number, bytes_value(number));
    case FATE_FAIL:
        return procspawn_fail_with(bytes_value(number), "%llu", (unsigned long long)number);
    case FATE_PANIC:
        procspawn_panic("%llu", (unsigned long long)number);
    case FATE_EXIT:
        _exit((int)(number % 256));
    case FATE_KILL:
        kill(getpid(), SIGKILL);
        pause();
        break;
    case FATE_HANG:
        for (;;)
            pause();
    default:
        break;
    }
    return json_pack("[I]", (json_int_t)number);
}

/* ---- what a map may come to ---- */

static bool may_end_anyhow(const struct map *map)
{
    return weather_is_short() || board->weather.strikes || weather_lost_since(map->started) ||
           map->pool.broken;
}

static bool has_fate(const struct map *map, size_t index, const procspawn_error *error)
{
    char number[32];
    uint64_t expected = number_of(map->generation, (json_int_t)index);
    snprintf(number, sizeof number, "%llu", (unsigned long long)expected);
    switch (map->fates[index]) {
    case FATE_FAIL:
        return procspawn_error_kind(error) == PROCSPAWN_ERROR_FAILED &&
               strcmp(procspawn_error_message(error), number) == 0 &&
               bytes_are(procspawn_error_detail(error), expected);
    case FATE_PANIC:
        return procspawn_error_is_panic(error) &&
               strcmp(procspawn_error_message(error), number) == 0;
    case FATE_EXIT:
        return procspawn_error_is_remote_close(error) &&
               procspawn_error_exit_status(error) == (int)(expected % 256);
    case FATE_KILL:
        return procspawn_error_is_remote_close(error) &&
               procspawn_error_signal(error) == SIGKILL;
    default:
        return false;
    }
}

static bool passed_limit(const struct map *map, const procspawn_error *error)
{
    return map->options.run_limit > 0 && procspawn_error_limit(error) == PROCSPAWN_LIMIT_RUN &&
           base__now() >= map->started + map->options.run_limit;
}

/* For want of memory; such an error holds nothing of its own. */
static bool stands_in(const procspawn_error *error)
{
    return board->weather.faults.memory > 0 && procspawn_error_index(error) == -1 &&
           procspawn_error_errno(error) == ENOMEM;
}

static void judge_error(const struct map *map, size_t index, const procspawn_error *error)
{
    EXPECT(procspawn_error_index(error) == (int64_t)index || stands_in(error), "the error of item %lld instead of %zu",
           (long long)procspawn_error_index(error), index);
    EXPECT(has_fate(map, index, error) || passed_limit(map, error) || may_end_anyhow(map),
           "item %zu of fate %d fails: %s, cause %s, signal %d, status %d: %.200s", index,
           (int)map->fates[index], procspawn_error_kind_name(procspawn_error_kind(error)),
           procspawn_error_cause_name(procspawn_error_cause(error)), procspawn_error_signal(error),
           procspawn_error_exit_status(error), procspawn_error_message(error));
}

static void judge_value(const struct map *map, size_t index, const json_t *value)
{
    uint64_t number = number_of(map->generation, (json_int_t)index);
    EXPECT(map->fates[index] < FATES_WITH_RESULT, "item %zu of fate %d has a result", index,
           (int)map->fates[index]);
    EXPECT(get(value, 0) == (json_int_t)number, "item %zu has the result of another", index);
    EXPECT(map->fates[index] != FATE_BYTES || bytes_are(json_array_get(value, 1), number),
           "item %zu has other bytes", index);
    EXPECT(map->begun->items[index] == 1, "item %zu has a result and was begun %u times", index,
           map->begun->items[index]);
}

static void check_begun(const struct map *map)
{
    for (size_t i = 0; i < map->items; i++)
        EXPECT(map->begun->items[i] <= (i < map->made), "item %zu was begun %u times, %zu were made",
               i, map->begun->items[i], map->made);
}

/* ---- source, sink, progress ---- */

static json_t *item_of(const struct map *map, size_t index)
{
    return json_pack("[i, I, I, i, i]", map->slot, (json_int_t)map->generation, (json_int_t)index,
                     (int)map->fates[index], map->family);
}

/* The window has room for one more. */
static int make_item(json_t **ret_item, void *argument)
{
    struct map *map = argument;
    faults_spare(true);
    EXPECT(!map->stopped, "a map that was stopped asks for items");
    EXPECT(map->options.window == 0 || map->made - map->taken < map->options.window,
           "%zu items are between source and sink", map->made - map->taken);
    int rc = map->made == map->source_stops ? -EPROTO : 0;
    if (map->made == map->items && rc == 0)
        rc = -ENODATA;
    map->stopped |= rc == -EPROTO;
    if (rc == 0)
        *ret_item = item_of(map, map->made++);
    faults_spare(false);
    return rc;
}

static int take_result(size_t index, struct procspawn_result *result, void *argument)
{
    struct map *map = argument;
    faults_spare(true);
    EXPECT(!map->stopped, "a map that was stopped gives results");
    EXPECT(index < map->made && !map->given[index], "item %zu is given twice", index);
    EXPECT(map->options.unordered || index == map->taken, "item %zu is given as number %zu", index,
           map->taken);
    EXPECT((result->status == 0) == (result->error == NULL) &&
               (result->status == 0) == (result->value != NULL),
           "a result of status %d", result->status);
    map->given[index] = true;
    if (result->error != NULL)
        judge_error(map, index, result->error);
    else
        judge_value(map, index, result->value);
    map->stopped = map->taken++ == map->sink_stops;
    faults_spare(false);
    return map->stopped ? -EDOM : 0;
}

static int see_progress(size_t done, size_t total, void *argument)
{
    struct map *map = argument;
    EXPECT(done >= map->done && done <= map->items, "%zu items are done after %zu, of %zu", done,
           map->done, map->items);
    EXPECT(total == (map->counted ? map->items : 0), "a total of %zu", total);
    map->done = done;
    if (done < map->progress_stops)
        return 0;
    map->stopped = true;
    return -ENOTTY;
}

/* ---- a map ---- */

static size_t some_stop(struct dice *dice)
{
    return dice_one_in(dice, 8) ? dice_roll(dice, MAP_ITEMS) : MAP_ITEMS;
}

/* Mostly of one kind: a chunk is small as soon as an item takes long. */
static void draw_fates(struct dice *dice, struct map *map)
{
    uint64_t bad = dice_one_in(dice, 2) ? 1 + dice_roll(dice, 60) : MAP_ITEMS * MAP_ITEMS;
    uint64_t slow = dice_one_in(dice, 3) ? 5 : 200;
    for (size_t i = 0; i < map->items; i++) {
        map->fates[i] = FATE_ANSWER;
        if (dice_one_in(dice, slow))
            map->fates[i] = dice_one_in(dice, 2) ? FATE_BYTES : FATE_SLEEP;
        if (dice_one_in(dice, bad))
            map->fates[i] = (enum fate)(FATE_FAIL + (int)dice_roll(dice, FATE_HANG - FATE_FAIL));
        if (map->options.run_limit > 0 && dice_one_in(dice, 50))
            map->fates[i] = FATE_HANG;
    }
}

static void draw_options(struct dice *dice, struct map *map)
{
    struct procspawn_map_options *options = &map->options;
    if (dice_one_in(dice, 2))
        options->chunk = 1 + dice_roll(dice, 20);
    if (dice_one_in(dice, 2))
        options->window = 1 + dice_roll(dice, WIDEST_WINDOW);
    options->unordered = dice_one_in(dice, 2);
    if (dice_one_in(dice, 6))
        options->run_limit = (int64_t)(5 + dice_roll(dice, 20)) * MS;
    if (dice_one_in(dice, 8))
        options->total_limit = (int64_t)(1 + dice_roll(dice, 60)) * MS;
    if (dice_one_in(dice, 2)) {
        options->progress = see_progress;
        options->progress_arg = map;
    }
}

static void begin(struct actor *actor, struct map *map)
{
    static atomic_llong generations;
    struct dice *dice = &actor->dice;
    static const uint64_t most[] = { 1, 10, 100, MAP_ITEMS };
    map->slot = actor->number;
    map->begun = &board->maps[map->slot];
    map->generation = atomic_fetch_add(&generations, 1) + 1;
    map->items = dice_roll(dice, most[dice_roll(dice, 4)] + 1);
    map->source_stops = some_stop(dice);
    map->sink_stops = some_stop(dice);
    map->progress_stops = dice_one_in(dice, 12) ? dice_roll(dice, MAP_ITEMS) : MAP_ITEMS + 1;
    draw_options(dice, map);
    draw_fates(dice, map);
    map->begun->generation = map->generation;
    memset(map->begun->items, 0, sizeof map->begun->items);
}

/* Not the limit of the whole map, which has no index. */
static bool is_of_item(const procspawn_error *error)
{
    return procspawn_error_index(error) >= 0;
}

static bool may_stop(const struct map *map, int rc, const procspawn_error *error)
{
    if (rc == PROCSPAWN_ECALL)
        return procspawn_error_is_timeout(error) && map->options.total_limit > 0 &&
               base__now() >= map->started + map->options.total_limit;
    if (rc == -ECANCELED)
        return map->scoped;
    return call_is_shortage(rc) || (rc == PROCSPAWN_ESERVER && weather_lost_since(map->started)) ||
           (rc == PROCSPAWN_EPOOL && (map->pool.broken || board->root_killed)) ||
           (rc == SCOPED_ECLOSED && map->scoped);
}

static void judge_end(struct map *map, int rc, procspawn_error *error)
{
    bool stop = (rc == -EPROTO && map->made == map->source_stops) ||
                (rc == -EDOM && map->taken == map->sink_stops + 1) ||
                (rc == -ENOTTY && map->done >= map->progress_stops);
    EXPECT(stop == map->stopped, "a map that was stopped returned %d", rc);
    EXPECT((rc == 0) == (error == NULL), "a map returned %d and an error", rc);
    if (rc == PROCSPAWN_ECALL && is_of_item(error))
        judge_error(map, (size_t)procspawn_error_index(error), error);
    else
        EXPECT(rc == 0 || stop || may_stop(map, rc, error) || may_end_anyhow(map),
               "a map of %zu items, %zu done, returned %d: %s", map->items, map->taken, rc,
               procspawn_error_message(error));
    procspawn_error_free(error);
    check_begun(map);
    if (map->options.pool == NULL && !board->root_killed)
        family_check_gone(map->family, "its map");
}

static int64_t allowed(const struct map *map)
{
    return 4 * BASE_SECOND + (int64_t)map->items * map->options.run_limit;
}

static void map_each(struct map *map)
{
    procspawn_error *error = NULL;
    map->started = base__now();
    int rc = IN_LIBRARY(allowed(map), procspawn_map_each(&map->options, do_item, make_item,
                                                         take_result, map, &error));
    EXPECT(rc < 0 || (map->taken == map->items && map->made == map->items),
           "%zu results of %zu items", map->taken, map->items);
    EXPECT(rc < 0 || map->options.progress == NULL || map->done == map->items,
           "the last progress is %zu of %zu", map->done, map->items);
    judge_end(map, rc, error);
}

/* The first failure stops it. */
static void map_array(struct map *map)
{
    procspawn_error *error = NULL;
    json_t *items = json_array(), *results = NULL;
    map->source_stops = map->sink_stops = MAP_ITEMS;
    map->counted = true;
    map->made = map->items;
    for (size_t i = 0; i < map->items; i++)
        json_array_append_new(items, item_of(map, i));
    map->started = base__now();
    int rc = IN_LIBRARY(allowed(map),
                        procspawn_map(&map->options, do_item, items, &results, &error));
    json_decref(items);
    EXPECT((rc == 0) == (results != NULL) && (rc < 0 || json_array_size(results) == map->items),
           "%zu results of %zu items, %d", json_array_size(results), map->items, rc);
    for (size_t i = 0; i < map->items && rc == 0; i++)
        judge_value(map, i, json_array_get(results, i));
    json_decref(results);
    judge_end(map, rc, error);
}

static bool open_root(struct dice *dice, scoped_spawner *ret_root)
{
    struct scoped_options options = { .name = "map" };
    if (dice_one_in(dice, 2))
        options.until = forkscope_after((int64_t)dice_roll(dice, 100) * MS);
    int rc = IN_LIBRARY(0, scoped_spawner_open_with(&options, ret_root));
    EXPECT(rc == 0 || call_is_shortage(rc), "a root is refused: %d", rc);
    return rc == 0;
}

void maps_act(struct actor *actor)
{
    struct dice *dice = &actor->dice;
    struct map map = { .family = family_new() };
    scoped_spawner root;
    begin(actor, &map);
    if (dice_one_in(dice, 2) && pools_open(dice, &map.pool, NULL))
        map.options.pool = map.pool.pool;
    map.scoped = dice_one_in(dice, 4) && open_root(dice, &root);
    map.options.scope = map.scoped ? &root : NULL;
    if (dice_one_in(dice, 2))
        map_each(&map);
    else
        map_array(&map);
    if (map.scoped)
        EXPECT(IN_LIBRARY(3 * BASE_SECOND, close_whatever(root, SCOPED_FOREVER)) == 0,
               "a root cannot be closed");
    if (map.options.pool == NULL)
        return;
    pools_close(dice, &map.pool);
    if (!board->root_killed)
        family_check_gone(map.family, "the pool of its map");
}
