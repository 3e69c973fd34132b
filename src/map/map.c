/*
 * map.c - procspawn_map and procspawn_map_each: what a map needs, and its end
 */
#include "src/map/map.h"

#include "src/base/clock.h"
#include "src/base/refusal.h"
#include "src/base/thread.h"
#include "src/call/builder.h"
#include "src/error/error.h"
#include "src/map/flow.h"
#include "src/map/watch.h"
#include "src/pool/state.h"
#include "src/scope/wait.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/map.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
    struct procspawn__flow flow;
    procspawn_pool *own_pool;   /* NULL: the caller's is used */
    struct procspawn__map_watch *watch; /* NULL: there is no scope */
};

/* ---- begin and end ---- */

static int open_pool(struct map *map)
{
    unsigned size = base__processors();
    size_t total = map->flow.total;

    map->flow.pool = map->flow.options.pool;
    if (map->flow.pool)
        return 0;
    int rc = procspawn_pool_new(total > 0 && total < size ? (unsigned)total : size,
                                &map->own_pool);
    map->flow.pool = map->own_pool;
    return rc;
}

static int open_watch(struct map *map)
{
    const scoped_spawner *scope = map->flow.options.scope;

    if (!scope)
        return 0;
    int rc = procspawn__map_watch_start(*scope, map->flow.calls.set, &map->watch);
    if (rc == 0)
        map->flow.stopped = procspawn__map_watch_flag(map->watch);
    return rc;
}

static int open_map(struct map *map)
{
    struct procspawn__flow *flow = &map->flow;
    int rc = procspawn_set_new(&flow->calls.set);

    if (rc == 0)
        rc = open_pool(map);
    if (rc < 0)
        return rc;
    flow->calls.options.pool = flow->pool;
    flow->calls.options.run_limit = flow->options.run_limit;
    flow->calls.may_stop = flow->options.chunk == 0;
    flow->calls.limit = flow->pool->process->limit;
    return open_watch(map);
}

/* What runs is killed, and has ended before anything is freed that it uses. */
static void close_map(struct map *map)
{
    struct wait section = scoped__uncancelled_begin();

    procspawn__map_watch_leave(map->watch);
    procspawn_set_free(map->flow.calls.set);
    procspawn__flow_fini(&map->flow);
    procspawn_pool_free(map->own_pool);
    procspawn__map_watch_end(map->watch);
    scoped__uncancelled_end(section);
}

static void unwound_in_map(void *map)
{
    base__stack_unwound();
    close_map(map);
}

/* ---- the map ---- */

static int give_error(struct map *map, int rc, procspawn_error **ret_error)
{
    procspawn_error *error = map->flow.error;

    if (!error)
        error = procspawn__error_of_start(rc, map->flow.calls.function);
    int code = procspawn_error_code(error);
    procspawn__error_give(error, ret_error);
    return code;
}

static int check(const struct procspawn_map_options *options)
{
    base__refusal_forget();
    if (options->run_limit < 0)
        return base__refuse(-EINVAL, "the run limit is negative");
    if (options->total_limit < 0)
        return base__refuse(-EINVAL, "the total limit is negative");
    return 0;
}

static int open_and_run(struct map *map)
{
    struct procspawn__flow *flow = &map->flow;
    int rc = check(&flow->options);

    if (rc == 0)
        rc = open_map(map);
    return rc < 0 ? rc : procspawn__flow_run(flow);
}

static int run(struct map *map, procspawn_error **ret_error)
{
    struct procspawn__flow *flow = &map->flow;
    int rc;

    flow->was_cancelable = base__cancelable(false);
    procspawn__flow_init(flow);
    if (flow->options.total_limit > 0)
        flow->deadline = base__deadline(flow->options.total_limit);
    pthread_cleanup_push(unwound_in_map, map);
    rc = open_and_run(map);
    pthread_cleanup_pop(0);
    close_map(map);
    base__cancelable(flow->was_cancelable);
    return rc < 0 ? give_error(map, rc, ret_error) : 0;
}

static struct map map_of(const struct procspawn_map_options *options, procspawn_function *function)
{
    static const struct procspawn_map_options defaults;

    return (struct map){ .flow = { .options = options ? *options : defaults,
                                   .calls = { .function = function },
                                   .deadline = BASE_NEVER } };
}

int procspawn__map_counted(const struct procspawn_map_options *options,
                           procspawn_function *function, procspawn_map_source *source,
                           procspawn_map_sink *sink, void *arg, size_t total,
                           procspawn_error **ret_error)
{
    struct map map = map_of(options, function);

    map.flow.source = source;
    map.flow.sink = sink;
    map.flow.arg = arg;
    map.flow.total = total;
    return run(&map, ret_error);
}

int procspawn_map_each(const struct procspawn_map_options *options, procspawn_function *function,
                       procspawn_map_source *source, procspawn_map_sink *sink, void *arg,
                       procspawn_error **ret_error)
{
    return procspawn__map_counted(options, function, source, sink, arg, 0, ret_error);
}

/* ---- of an array ---- */

struct arrays {
    json_t *items;
    size_t next;
    json_t *results;
};

static int next_item(json_t **ret_item, void *argument)
{
    struct arrays *arrays = argument;

    if (arrays->next == json_array_size(arrays->items))
        return -ENODATA;
    *ret_item = json_incref(json_array_get(arrays->items, arrays->next++));
    return 0;
}

static int keep_result(size_t index, struct procspawn_result *result, void *argument)
{
    struct arrays *arrays = argument;

    if (result->status < 0)
        return result->status;
    json_array_set_new(arrays->results, index, result->value);
    result->value = NULL;
    return 0;
}

static json_t *array_of_nulls(size_t size)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < size; i++) {
        if (json_array_append_new(array, json_null()) == 0)
            continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static int run_on_array(struct map *map, struct arrays *arrays, procspawn_error **ret_error)
{
    if (!json_is_array(arrays->items))
        return give_error(map, base__refuse(-EINVAL, "the items are not a JSON array"), ret_error);
    arrays->results = array_of_nulls(json_array_size(arrays->items));
    if (!arrays->results)
        return give_error(map, -ENOMEM, ret_error);
    map->flow.total = json_array_size(arrays->items);
    return run(map, ret_error);
}

static void drop_results(void *argument)
{
    struct arrays *arrays = argument;
    json_decref(arrays->results);
}

/* The sink gets results as they come, so the failure that happens first ends the map. */
int procspawn_map(const struct procspawn_map_options *options, procspawn_function *function,
                  json_t *items, json_t **ret_results, procspawn_error **ret_error)
{
    struct map map = map_of(options, function);
    struct arrays arrays = { .items = items };
    int rc;

    map.flow.source = next_item;
    map.flow.sink = keep_result;
    map.flow.arg = &arrays;
    map.flow.options.unordered = true;
    pthread_cleanup_push(drop_results, &arrays);
    rc = run_on_array(&map, &arrays, ret_error);
    pthread_cleanup_pop(0);
    if (rc == 0 && ret_results)
        *ret_results = arrays.results;
    else
        json_decref(arrays.results);
    return rc;
}
