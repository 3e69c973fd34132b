/*
 * builder.h - the configuration of a pool
 */
#ifndef FORKSCOPE_POOL_BUILDER_H
#define FORKSCOPE_POOL_BUILDER_H

#include "src/wire/call.h"
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct procspawn__pool_config {
    unsigned minimum;
    unsigned maximum;
    int64_t idle_limit;
    uint64_t recycle_calls;
    uint64_t recycle_bytes;
    unsigned attempts;
    unsigned queue_limit;       /* calls that may wait; 0: any number */
    bool fresh;                 /* each call starts from the state of a new process */
    void (*fresh_hook)(void *argument);     /* before each call then; NULL: none */
    void *fresh_argument;
};

/* Says in PREPARE or INITIALIZE that the worker's calls start fresh, if they do. */
void procspawn__pool_config_fresh(const struct procspawn__pool_config *config,
                                  enum wire_fresh when, struct wire_call *call);

struct procspawn_pool_builder {
    struct procspawn__pool_config config;
    procspawn_builder *process;
    procspawn_function *initializer;    /* NULL: none */
    json_t *argument;                   /* of the initializer; NULL: null */
};

#endif
