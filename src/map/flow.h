/*
 * flow.h - the flow of the items of a map: from the source to workers, and from there to the sink
 *
 * It is one loop in the calling thread. The functions of the program are called with the
 * cancellation state of the caller, everything else with cancellation off.
 */
#ifndef FORKSCOPE_MAP_FLOW_H
#define FORKSCOPE_MAP_FLOW_H

#include "src/base/list.h"
#include "src/map/chunk.h"
#include "src/map/pace.h"
#include <forkscope/error.h>
#include <forkscope/map.h>
#include <forkscope/pool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procspawn__flow {
    struct procspawn_map_options options;
    procspawn_map_source *source;
    procspawn_map_sink *sink;
    void *arg;
    procspawn_pool *pool;
    struct procspawn__map_calls calls;
    struct procspawn__pace pace;
    struct list order;          /* all items between source and sink */
    struct list queue;          /* those that wait for a worker */
    struct list ended;          /* those that wait for the sink */
    struct list chunks;         /* that workers have */
    size_t queued;
    size_t sent;                /* chunks that workers have */
    size_t made;                /* items that came from the source */
    size_t sunk;                /* items that the sink has had */
    size_t total;               /* items in all; 0: not known */
    bool exhausted;             /* the source has no more */
    bool single;                /* workers can have no ledgers: one item a call */
    bool *stopped;              /* atomic, set by another thread: the map is to end. May be NULL */
    bool was_cancelable;        /* the cancellation state of the caller */
    int64_t deadline;
    int64_t collect_at;         /* when the ledgers are looked at next */
    int64_t progress_at;        /* when it may be called again */
    procspawn_error *error;     /* why the map was stopped; NULL: its return value says so */
};

/* The caller has set what comes from the outside, and the set. Cancellation is off. */
void procspawn__flow_init(struct procspawn__flow *flow);
/* Until all items are through. 0, or why the map ends. */
int procspawn__flow_run(struct procspawn__flow *flow);
/* Frees what is between source and sink. The set is gone already. */
void procspawn__flow_fini(struct procspawn__flow *flow);

#endif
