/*
 * spawn.h - a call of a pool, with options
 */
#ifndef FORKSCOPE_POOL_SPAWN_H
#define FORKSCOPE_POOL_SPAWN_H

#include <forkscope/call.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <jansson.h>

/* As procspawn_pool_spawn(), in `pool`; the pool and the scope of the options do not count here. */
int procspawn__pool_spawn(procspawn_pool *pool, const struct procspawn_call_options *options,
                          procspawn_function *function, json_t *argument,
                          procspawn_handle **ret_handle);

#endif
