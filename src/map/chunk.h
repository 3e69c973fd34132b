/*
 * chunk.h - the items that go to a worker in one call, and what became of each of them
 */
#ifndef FORKSCOPE_MAP_CHUNK_H
#define FORKSCOPE_MAP_CHUNK_H

#include "src/base/list.h"
#include "src/map/ledger.h"
#include "src/value/footprint.h"
#include <forkscope/call.h>
#include <forkscope/completion.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all calls of a map have in common. */
struct procspawn__map_calls {
    procspawn_set *set;
    struct procspawn_call_options options;
    procspawn_function *function;
    json_t *function_bytes;     /* the function as run_chunk.h has it; NULL: not described yet */
    json_t *library;
    bool may_stop;              /* a chunk that takes long is ended early */
    procspawn__limit limit;     /* of a result */
    int64_t deadline;           /* of the map: no result is decoded afterwards */
    const bool *stopped;        /* the same when it is true; atomic; may be NULL */
};

struct procspawn__item {
    struct list in_order;       /* all that were made and not given to the sink */
    struct list in_state;       /* those that wait for a worker, or that wait for the sink */
    size_t index;
    json_t *value;
    bool alone;                 /* it gets a call of its own */
    bool has_ended;             /* the result is there */
    struct procspawn_result result;
};

/* The value is taken, also on failure. NULL: out of memory. */
struct procspawn__item *procspawn__item_new(json_t *value, size_t index);
void procspawn__item_free(struct procspawn__item *item);
/* Ends it with an error, which is taken; NULL: there was no memory for it. */
void procspawn__item_fail(struct procspawn__item *item, procspawn_error *error);

/* Its items end one after the other. */
struct procspawn__chunk {
    struct list in_map;
    struct procspawn__ledger ledger;    /* none for a single item, which is called directly */
    bool broken;                /* the worker has written something else into it */
    bool refused;               /* the worker could not use the ledger */
    bool killed;
    int64_t complete;           /* when all its items had ended; 0: they have not */
    int64_t sending_took;
    size_t begun;               /* that the worker has begun; as it says */
    size_t ended;               /* of its items, the first ones */
    size_t passed_on;           /* of these: that the map has taken over */
    size_t count;
    struct procspawn__item *items[];
};

struct procspawn__chunk *procspawn__chunk_new(size_t room);
void procspawn__chunk_free(struct procspawn__chunk *chunk);

/* The chunk came to nothing, and would do so again: each item gets a call of its own. */
void procspawn__chunk_split(struct procspawn__chunk *chunk);

/* Adds the call to the set; its tag is the chunk. 0, or -errno as of procspawn_set_start. */
int procspawn__chunk_send(struct procspawn__chunk *chunk, struct procspawn__map_calls *calls);
/*
 * Takes over results that are there while the worker goes on. 0; -ENOMEM; or -ETIME: the map is to
 * end, and some were not taken over.
 */
int procspawn__chunk_collect(struct procspawn__chunk *chunk,
                             const struct procspawn__map_calls *calls);
/*
 * The call has ended; the result is taken. Items that have not ended then, were not begun. 0, or as
 * above, and the result is not taken.
 */
int procspawn__chunk_end(struct procspawn__chunk *chunk, const struct procspawn__map_calls *calls,
                         struct procspawn_result *result);

#endif
