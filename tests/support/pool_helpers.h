/*
 * pool_helpers.h - what the tests of pools share
 */
#ifndef FORKSCOPE_SUPPORT_POOL_HELPERS_H
#define FORKSCOPE_SUPPORT_POOL_HELPERS_H

#include "tests/support/call_helpers.h"

#include <forkscope/pool.h>

/* Create a pool and start calls, and assert that this works. Arguments are taken. */
procspawn_pool *pool_make(unsigned size);
procspawn_pool *pool_build(procspawn_pool_builder *builder);    /* frees the builder */
procspawn_handle *pool_start(procspawn_pool *pool, procspawn_function *function,
                             json_t *argument);
/* procspawn_start in a pool, with a total limit. */
int pool_spawn_limited(procspawn_pool *pool, int64_t limit, procspawn_function *function,
                       json_t *argument, procspawn_handle **ret_handle);
json_int_t pool_number(procspawn_pool *pool, procspawn_function *function, json_t *argument);

/* A gate: functions wait at it until it is opened. Then it stays open. */
struct pool_gate {
    char directory[32];
    char path[48];
    int fd;
};

void pool_gate_make(struct pool_gate *gate);
json_t *pool_gate_name(const struct pool_gate *gate);
void pool_gate_open(struct pool_gate *gate);
void pool_gate_remove(struct pool_gate *gate);

/* Functions to call. */
json_t *pool_wait_at_gate(json_t *path);    /* then returns its process id */
json_t *pool_forty_two(json_t *path);       /* the same, but returns 42 */
json_t *pool_count(json_t *argument);       /* number of calls that this worker has had */

/* Waits until a worker runs the call, and returns the worker's process id. */
pid_t pool_await_start(procspawn_handle *handle);

/* Waits for the end of a process; returns whether it has ended. */
bool pool_await_death(pid_t pid);

#endif
