/*
 * chunk.c - the items that go to a worker in one call, and what became of each of them
 *
 * The worker notes in the ledger which items it has begun, and their results. When its call ends,
 * the item that was begun and has no result is the one that the end of the call belongs to: a
 * crash, a failure, or a result that does not fit into the ledger. The items behind it were not
 * begun.
 */
#include "src/map/chunk.h"

#include "src/base/clock.h"
#include "src/calls/finish.h"
#include "src/error/error.h"
#include "src/image/function.h"
#include "src/map/ledger.h"
#include "src/map/run_chunk.h"
#include "src/value/message.h"
#include "src/wire/call.h"
#include <errno.h>
#include <forkscope/bytes.h>
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/error.h>
#include <forkscope/procspawn.h>
#include <forkscope/value.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- items ---- */

struct procspawn__item *procspawn__item_new(json_t *value, size_t index)
{
    struct procspawn__item *item = malloc(sizeof *item);

    if (!item) {
        json_decref(value);
        return NULL;
    }
    item->index = index;
    item->value = value;
    item->alone = false;
    item->has_ended = false;
    list_init(&item->in_order);
    list_init(&item->in_state);
    return item;
}

void procspawn__item_free(struct procspawn__item *item)
{
    list_remove(&item->in_order);
    list_remove(&item->in_state);
    json_decref(item->value);
    if (item->has_ended)
        procspawn_result_fini(&item->result);
    free(item);
}

void procspawn__item_fail(struct procspawn__item *item, procspawn_error *error)
{
    if (!error)
        error = procspawn__error_of_loss(-ENOMEM);
    procspawn__error_set_index(error, item->index);
    procspawn__result_fail(&item->result, error);
    item->has_ended = true;
}

/* ---- chunks ---- */

struct procspawn__chunk *procspawn__chunk_new(size_t room)
{
    struct procspawn__chunk *chunk = malloc(sizeof *chunk + room * sizeof chunk->items[0]);

    if (!chunk)
        return NULL;
    *chunk = (struct procspawn__chunk){ .ledger = { .fd = -1 } };
    list_init(&chunk->in_map);
    return chunk;
}

void procspawn__chunk_free(struct procspawn__chunk *chunk)
{
    list_remove(&chunk->in_map);
    procspawn__ledger_close(&chunk->ledger);
    free(chunk);
}

/* ---- sending ---- */

static int describe(struct procspawn__map_calls *calls)
{
    struct wire_function function;
    char *library;

    if (calls->function_bytes)
        return 0;
    int rc = procspawn__function_describe(calls->function, &function, &library);
    if (rc < 0)
        return rc;
    calls->library = library ? procspawn_value_bytes(library, strlen(library) + 1) : json_null();
    calls->function_bytes = procspawn_value_bytes(&function, sizeof function);
    free(library);
    return calls->library && calls->function_bytes ? 0 : -ENOMEM;
}

static int append_items(const struct procspawn__chunk *chunk, json_t *argument)
{
    for (size_t i = 0; i < chunk->count; i++) {
        if (json_array_append(argument, chunk->items[i]->value) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int build_argument(const struct procspawn__chunk *chunk,
                          const struct procspawn__map_calls *calls, json_t **ret_argument)
{
    json_t *argument = json_array();

    if (!argument)
        return -ENOMEM;
    if (json_array_append_new(argument, procspawn_value_fd(chunk->ledger.fd)) < 0 ||
        json_array_append(argument, calls->function_bytes) < 0 ||
        json_array_append(argument, calls->library) < 0 ||
        json_array_append_new(argument, json_boolean(calls->may_stop)) < 0 ||
        append_items(chunk, argument) < 0) {
        json_decref(argument);
        return -ENOMEM;
    }
    *ret_argument = argument;
    return 0;
}

static int send_many(struct procspawn__chunk *chunk, struct procspawn__map_calls *calls)
{
    json_t *argument = NULL;
    int rc = describe(calls);

    if (rc == 0)
        rc = procspawn__ledger_open(&chunk->ledger, chunk->count);
    if (rc == 0)
        rc = build_argument(chunk, calls, &argument);
    if (rc < 0)
        return rc;
    rc = procspawn_set_start(calls->set, &calls->options, procspawn__run_chunk, argument, chunk);
    json_decref(argument);
    return rc;
}

int procspawn__chunk_send(struct procspawn__chunk *chunk, struct procspawn__map_calls *calls)
{
    int64_t start = base__now();
    int rc = chunk->count > 1 ? send_many(chunk, calls)
                              : procspawn_set_start(calls->set, &calls->options, calls->function,
                                                    chunk->items[0]->value, chunk);

    chunk->sending_took = base__now() - start;
    return rc;
}

/* ---- results ---- */

static struct procspawn__item *next_item(struct procspawn__chunk *chunk)
{
    return chunk->items[chunk->ended++];
}

static void succeed(struct procspawn__item *item, json_t *value)
{
    procspawn__result_succeed(&item->result, value);
    item->has_ended = true;
}

/* 0, -EPROTO or -ENOMEM. */
static int take_result(struct procspawn__chunk *chunk, const struct procspawn__map_calls *calls,
                       struct procspawn__ledger_news *news)
{
    struct procspawn__received_value received;
    json_error_t detail = { .text = "" };
    json_t *value;

    if (chunk->ended == chunk->count)
        return -EPROTO;
    int rc = procspawn__ledger_next(&chunk->ledger, news, &received);
    if (rc < 0)
        return rc;
    received.limit = &calls->limit;
    rc = procspawn__message_decode(&received, &value, &detail);
    if (rc == 0)
        succeed(next_item(chunk), value);
    else if (rc == PROCSPAWN_EJSON || rc == PROCSPAWN_ELIMIT)
        procspawn__item_fail(next_item(chunk), procspawn__error_of_unreadable(rc, detail.text));
    else
        return rc;
    return 0;
}

/* Many results can take long, so the time is looked at before each. */
static bool is_over(const struct procspawn__map_calls *calls)
{
    return base__now() >= calls->deadline ||
           (calls->stopped && __atomic_load_n(calls->stopped, __ATOMIC_ACQUIRE));
}

static int collect(struct procspawn__chunk *chunk, const struct procspawn__map_calls *calls,
                   bool final)
{
    struct procspawn__ledger_news news;

    if (chunk->ledger.fd < 0 || chunk->broken)
        return 0;
    int rc = procspawn__ledger_read(&chunk->ledger, final, &news);
    for (size_t i = 0; rc == 0 && i < news.results; i++)
        rc = is_over(calls) ? -ETIME : take_result(chunk, calls, &news);
    if (rc != -EAGAIN)
        chunk->begun = news.begun < chunk->count ? news.begun : chunk->count;
    procspawn__ledger_news_fini(&news);
    if (rc == -ENOMEM || rc == -ETIME)
        return rc;
    chunk->broken = rc < 0 && rc != -EAGAIN;
    return 0;
}

int procspawn__chunk_collect(struct procspawn__chunk *chunk,
                             const struct procspawn__map_calls *calls)
{
    return collect(chunk, calls, false);
}

/* shared: the times are those of the whole chunk. */
static void give(struct procspawn__item *item, struct procspawn_result *result, bool shared)
{
    item->result = *result;
    item->result.tag = NULL;
    if (shared)
        item->result.queue_time = item->result.run_time = -1;
    item->has_ended = true;
    procspawn__error_set_index(result->error, item->index);
    *result = (struct procspawn_result){ 0 };
}

/* What the worker has begun cannot be given to another one. */
static void fail_begun(struct procspawn__chunk *chunk)
{
    while (chunk->ended < chunk->begun)
        procspawn__item_fail(next_item(chunk),
                             procspawn__error_new(PROCSPAWN_ERROR_IO, 0,
                                                  "the process sent something that is no result"));
}

void procspawn__chunk_split(struct procspawn__chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++)
        chunk->items[i]->alone = true;
}

int procspawn__chunk_end(struct procspawn__chunk *chunk, const struct procspawn__map_calls *calls,
                         struct procspawn_result *result)
{
    int rc = collect(chunk, calls, true);

    if (rc < 0)
        return rc;
    if (chunk->ledger.fd < 0)
        give(next_item(chunk), result, false);
    else if (!chunk->broken && chunk->begun > chunk->ended)
        give(next_item(chunk), result, true);
    else if (!chunk->broken && result->status == 0)
        chunk->refused = chunk->ended == 0 && json_is_false(result->value);
    fail_begun(chunk);
    if (chunk->ended == 0)
        procspawn__chunk_split(chunk);
    procspawn_result_fini(result);
    return 0;
}
