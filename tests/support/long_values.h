/*
 * long_values.h - values that travel in the buffers of a worker, and pools that have these
 */
#ifndef FORKSCOPE_SUPPORT_LONG_VALUES_H
#define FORKSCOPE_SUPPORT_LONG_VALUES_H

#include "tests/support/pool_helpers.h"

/* A string of so many times this character. */
json_t *long_string(size_t length, char what);

/* The value (taken) comes back from a worker as it is. */
void long_check_echo(procspawn_pool *pool, json_t *value);

/* A pool of so many workers. Arguments and results of a megabyte lie in the buffers of one. */
procspawn_pool *long_warm_pool(unsigned size);

#endif
