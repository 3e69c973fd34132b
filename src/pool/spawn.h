/*
 * spawn.h - a call of a pool, with options
 */
#ifndef FORKSCOPE_POOL_SPAWN_H
#define FORKSCOPE_POOL_SPAWN_H

#include "src/call/handle.h"
#include "src/pool/job.h"
#include <forkscope/call.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>

/* Options in which the pool is NULL mean no pool. This stands for a pool of NULL in them. */
procspawn_pool *procspawn__pool_or_absent(procspawn_pool *pool);
/* Is it this one, or NULL? */
bool procspawn__pool_is_absent(const procspawn_pool *pool);

/* As procspawn_pool_spawn(), in `pool`; the pool and the scope of the options do not count here. */
int procspawn__pool_spawn(procspawn_pool *pool, const struct procspawn_call_options *options,
                          procspawn_function *function, json_t *argument,
                          procspawn_handle **ret_handle);

/*
 * The same in two steps. A described call is in no queue, and has no descriptor but those of its
 * argument. procspawn__pool_submit queues it, and the listener (NULL: none) is told its end. It
 * returns 0, FULL, or -errno. If it does not return 0 the step can be repeated. Why a pool that has
 * failed takes no call is noted (base/refusal.h).
 */
enum { PROCSPAWN__POOL_FULL = 1 };
int procspawn__pool_describe(procspawn_pool *pool, const struct procspawn_call_options *options,
                             procspawn_function *function, const json_t *argument,
                             struct procspawn__pool_call **ret_call);
int procspawn__pool_submit(struct procspawn__pool_call *call, struct procspawn__listener *listener)
    EXCLUDES(pool_lock);

#endif
