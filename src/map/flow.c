/*
 * flow.c - the flow of the items of a map: from the source to workers, and from there to the sink
 */
#include "src/map/flow.h"

#include "src/base/clock.h"
#include "src/base/list.h"
#include "src/base/shortage.h"
#include "src/base/thread.h"
#include "src/error/error.h"
#include "src/map/chunk.h"
#include "src/map/pace.h"
#include "src/value/survey.h"
#include <errno.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/map.h>
#include <forkscope/pool.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A worker has one chunk, and the next one waits for it. */
enum { CHUNKS_PER_WORKER = 2, WINDOW_CHUNKS = 4 };

static const int64_t gathering = BASE_SECOND / 500, news_pause = BASE_SECOND / 20;

void procspawn__flow_init(struct procspawn__flow *flow)
{
    procspawn__pace_init(&flow->pace);
    list_init(&flow->order);
    list_init(&flow->queue);
    list_init(&flow->ended);
    list_init(&flow->chunks);
}

static struct procspawn__item *first_in(struct list *list)
{
    return list_empty(list) ? NULL : list_entry(list->next, struct procspawn__item, in_state);
}

static size_t workers(const struct procspawn__flow *flow)
{
    unsigned size = procspawn_pool_size(flow->pool);
    return size > 0 ? size : 1;
}

static bool is_stopped(const struct procspawn__flow *flow)
{
    return flow->stopped && __atomic_load_n(flow->stopped, __ATOMIC_ACQUIRE);
}

/* ---- from the source ---- */

static size_t chunk_size(const struct procspawn__flow *flow)
{
    size_t most = SIZE_MAX;
    size_t count = workers(flow);

    if (flow->single || flow->options.run_limit > 0)
        return 1;
    if (flow->options.window > 0)
        most = flow->options.window / (CHUNKS_PER_WORKER * count) + 1;
    size_t left = flow->total == 0 ? SIZE_MAX : flow->total - flow->made + flow->queued;
    size_t size = flow->options.chunk > 0 ? flow->options.chunk
                                          : procspawn__pace_next(&flow->pace, left, count);
    return size < most ? size : most;
}

static size_t window_for(const struct procspawn__flow *flow, size_t chunk)
{
    return flow->options.window > 0 ? flow->options.window
                                    : WINDOW_CHUNKS * workers(flow) * chunk;
}

static int make_item(struct procspawn__flow *flow)
{
    json_t *value = NULL;

    base__cancelable(flow->was_cancelable);
    int rc = flow->source(&value, flow->arg);
    base__cancelable(false);
    if (rc == -ENODATA) {
        flow->exhausted = true;
        return 0;
    }
    if (rc < 0)
        return rc;
    if (!value) {
        char name[40];

        snprintf(name, sizeof name, "item %zu", flow->made);
        return procspawn__survey_absent(name);
    }
    struct procspawn__item *item = procspawn__item_new(value, flow->made);
    if (!item)
        return -ENOMEM;
    flow->made++;
    list_append(&flow->order, &item->in_order);
    list_append(&flow->queue, &item->in_state);
    flow->queued++;
    return 0;
}

/*
 * Results do not wait long for a slow source: what it has made is sent. A source whose number of
 * items is known has them already.
 */
static int gather(struct procspawn__flow *flow, size_t count)
{
    int64_t until = base__deadline(gathering);
    size_t window = window_for(flow, count);
    int rc = 0;

    while (rc == 0 && flow->queued < count && !flow->exhausted &&
           flow->made - flow->sunk < window &&
           (flow->queued == 0 || flow->total > 0 || base__now() < until))
        rc = make_item(flow);
    return rc;
}

/* ---- to workers ---- */

static struct procspawn__chunk *fill_chunk(struct procspawn__flow *flow, size_t count)
{
    struct procspawn__chunk *chunk = procspawn__chunk_new(count);
    struct procspawn__item *item;

    if (!chunk)
        return NULL;
    while (chunk->count < count && (item = first_in(&flow->queue)) != NULL) {
        if (item->alone && chunk->count > 0)
            break;
        list_remove(&item->in_state);
        flow->queued--;
        chunk->items[chunk->count++] = item;
        if (item->alone)
            break;
    }
    return chunk;
}

/* In front of all others, in their order. */
static void put_back(struct procspawn__flow *flow, struct procspawn__chunk *chunk)
{
    for (size_t i = chunk->count; i > chunk->ended; i--) {
        list_prepend(&flow->queue, &chunk->items[i - 1]->in_state);
        flow->queued++;
    }
}

static void pass_on(struct procspawn__flow *flow, struct procspawn__chunk *chunk)
{
    for (; chunk->passed_on < chunk->ended; chunk->passed_on++)
        list_append(&flow->ended, &chunk->items[chunk->passed_on]->in_state);
}

/* Is it the value of the item that cannot be sent? */
static bool is_of_item(int rc)
{
    return rc == PROCSPAWN_EJSON || rc == PROCSPAWN_EVALUE || rc == PROCSPAWN_EDESCRIPTORS ||
           rc == -EBADF;
}

/*
 * A chunk that could not be sent. One of its items may be the reason, so each is tried alone. A
 * shortage is waited out as long as workers have chunks.
 */
static int on_unsent(struct procspawn__flow *flow, struct procspawn__chunk *chunk, int rc)
{
    struct procspawn__item *only = chunk->items[0];

    if (chunk->count > 1) {
        procspawn__chunk_split(chunk);
        put_back(flow, chunk);
        return 1;
    }
    if (is_of_item(rc)) {
        procspawn__item_fail(only, procspawn__error_of_start(rc, flow->calls.function));
        list_append(&flow->ended, &only->in_state);
        return 1;
    }
    put_back(flow, chunk);
    return base__is_shortage(rc) && flow->sent > 0 ? 0 : rc;
}

/* Returns 1: a chunk was sent, or another one may be; 0: none can be sent now; or -errno. */
static int send_chunk(struct procspawn__flow *flow)
{
    if (flow->sent >= CHUNKS_PER_WORKER * workers(flow))
        return 0;
    size_t count = chunk_size(flow);
    int rc = gather(flow, count);
    if (rc < 0 || flow->queued == 0)
        return rc;
    struct procspawn__chunk *chunk = fill_chunk(flow, count);
    if (!chunk)
        return -ENOMEM;
    rc = procspawn__chunk_send(chunk, &flow->calls);
    if (rc < 0) {
        rc = on_unsent(flow, chunk, rc);
        procspawn__chunk_free(chunk);
        return rc;
    }
    list_append(&flow->chunks, &chunk->in_map);
    flow->sent++;
    return 1;
}

/* ---- from workers ---- */

static struct procspawn__chunk *chunk_at(struct list *item)
{
    return list_entry(item, struct procspawn__chunk, in_map);
}

/* Has the worker written what is no ledger, or all results without an end? */
static bool is_to_be_killed(struct procspawn__chunk *chunk)
{
    static const int64_t patience = 2 * BASE_SECOND;

    if (chunk->broken)
        return true;
    if (chunk->ended < chunk->count)
        return false;
    if (chunk->complete == 0)
        chunk->complete = base__now();
    return base__now() - chunk->complete > patience;
}

static int collect_all(struct procspawn__flow *flow)
{
    for (struct list *at = flow->chunks.next; at != &flow->chunks; at = at->next) {
        struct procspawn__chunk *chunk = chunk_at(at);
        int rc = procspawn__chunk_collect(chunk, &flow->calls);
        pass_on(flow, chunk);
        if (rc < 0)
            return rc;
        if (!chunk->killed && is_to_be_killed(chunk)) {
            procspawn_set_kill(flow->calls.set, chunk);
            chunk->killed = true;
        }
    }
    flow->collect_at = base__deadline(news_pause);
    return 0;
}

static void measure(struct procspawn__flow *flow, const struct procspawn__chunk *chunk,
                    const struct procspawn_result *result)
{
    int64_t duration = result->run_time > chunk->sending_took ? result->run_time
                                                              : chunk->sending_took;

    if (chunk->ended > 0 && result->run_time > 0)
        procspawn__pace_note(&flow->pace, chunk->ended, duration);
}

static int end_chunk(struct procspawn__flow *flow, struct procspawn_result *result)
{
    struct procspawn__chunk *chunk = result->tag;
    const struct procspawn_result timed = { .run_time = result->run_time };
    int rc = procspawn__chunk_end(chunk, &flow->calls, result);

    if (rc < 0) {
        pass_on(flow, chunk);
        procspawn_result_fini(result);
        return rc;
    }
    measure(flow, chunk, &timed);
    pass_on(flow, chunk);
    put_back(flow, chunk);
    flow->single |= chunk->refused;
    flow->sent--;
    procspawn__chunk_free(chunk);
    return 0;
}

static int64_t wait_time(const struct procspawn__flow *flow, bool more)
{
    int64_t left = flow->deadline == BASE_NEVER ? INT64_MAX : flow->deadline - base__now();

    if (more || left <= 0)
        return 0;
    return left < news_pause ? left : news_pause;
}

/* `more`: another chunk may be sent, so it does not wait. */
static int receive(struct procspawn__flow *flow, bool more)
{
    struct procspawn_result result;
    int64_t timeout = wait_time(flow, more);

    base__cancelable(flow->was_cancelable);
    int rc = procspawn_set_next_timeout(flow->calls.set, timeout, &result);
    base__cancelable(false);
    if (rc == 0)
        rc = end_chunk(flow, &result);
    else if (rc == -ETIMEDOUT || rc == -ENODATA)
        rc = 0;
    return rc == 0 && base__now() >= flow->collect_at ? collect_all(flow) : rc;
}

/* ---- to the sink ---- */

/* The next one that the sink may have, or NULL. */
static struct procspawn__item *next_for_sink(struct procspawn__flow *flow)
{
    if (flow->options.unordered)
        return first_in(&flow->ended);
    if (list_empty(&flow->order))
        return NULL;
    struct procspawn__item *item = list_entry(flow->order.next, struct procspawn__item, in_order);
    return item->has_ended ? item : NULL;
}

/* The item stays in the map until the sink has returned: the caller may be cancelled in it. */
static int give_to_sink(struct procspawn__flow *flow, struct procspawn__item *item)
{
    int status = item->result.status;

    base__cancelable(flow->was_cancelable);
    int rc = flow->sink(item->index, &item->result, flow->arg);
    base__cancelable(false);
    if (rc < 0 && rc == status) {
        flow->error = item->result.error;
        item->result.error = NULL;
    }
    flow->sunk++;
    procspawn__item_free(item);
    return rc < 0 ? rc : 0;
}

static int tell_progress(struct procspawn__flow *flow)
{
    base__cancelable(flow->was_cancelable);
    int rc = flow->options.progress(flow->sunk, flow->total, flow->options.progress_arg);
    base__cancelable(false);
    flow->progress_at = base__deadline(news_pause);
    return rc < 0 ? rc : 0;
}

static int deliver(struct procspawn__flow *flow)
{
    struct procspawn__item *item;
    int rc = 0;

    while (rc == 0 && (item = next_for_sink(flow)) != NULL)
        rc = give_to_sink(flow, item);
    if (rc == 0 && flow->options.progress && base__now() >= flow->progress_at)
        rc = tell_progress(flow);
    return rc;
}

/* ---- the loop ---- */

static int check_end(struct procspawn__flow *flow)
{
    if (is_stopped(flow))
        return -ECANCELED;
    if (base__now() < flow->deadline)
        return 0;
    flow->error = procspawn__error_new(PROCSPAWN_ERROR_TIMED_OUT, 0,
                                       "the total limit of the map has passed");
    if (flow->error)
        flow->error->limit = PROCSPAWN_LIMIT_TOTAL;
    return PROCSPAWN_ECALL;
}

static bool is_done(const struct procspawn__flow *flow)
{
    return flow->exhausted && list_empty(&flow->order);
}

static int turn(struct procspawn__flow *flow)
{
    int rc = check_end(flow);

    if (rc == 0)
        rc = send_chunk(flow);
    if (rc >= 0)
        rc = receive(flow, rc > 0);
    if (rc == 0 && is_stopped(flow))
        rc = -ECANCELED;
    if (rc < 0 && rc != -ETIME)
        return rc;
    bool over = rc < 0;
    rc = deliver(flow);
    return rc == 0 && over ? check_end(flow) : rc;
}

int procspawn__flow_run(struct procspawn__flow *flow)
{
    int rc = 0;

    flow->calls.deadline = flow->deadline;
    flow->calls.stopped = flow->stopped;
    flow->collect_at = base__deadline(news_pause);
    flow->progress_at = flow->collect_at;
    while (rc == 0 && !is_done(flow))
        rc = turn(flow);
    if (rc == 0 && flow->options.progress)
        rc = tell_progress(flow);
    return rc;
}

void procspawn__flow_fini(struct procspawn__flow *flow)
{
    while (!list_empty(&flow->chunks))
        procspawn__chunk_free(chunk_at(flow->chunks.next));
    while (!list_empty(&flow->order))
        procspawn__item_free(list_entry(flow->order.next, struct procspawn__item, in_order));
    json_decref(flow->calls.function_bytes);
    json_decref(flow->calls.library);
}
