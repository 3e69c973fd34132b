/*
 * lifetime.h - a pool lives as long as its owner or a handle refers to it
 */
#ifndef FORKSCOPE_POOL_LIFETIME_H
#define FORKSCOPE_POOL_LIFETIME_H

#include "src/pool/state.h"
#include <forkscope/pool.h>

/* All functions: without the pool's lock. */

void procspawn__pool_ref(procspawn_pool *pool) EXCLUDES(pool_lock);
/* May free the pool. In a child by fork(2): frees memory and closes nothing. */
void procspawn__pool_unref(procspawn_pool *pool) EXCLUDES(pool_lock);
/* Frees a pool without workers that no other thread uses. */
void procspawn__pool_destroy(procspawn_pool *pool) EXCLUDES(pool_lock);

#endif
