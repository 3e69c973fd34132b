/*
 * cached.h - the executor that keeps idle threads for later use
 */
#ifndef FORKSCOPE_EXECUTOR_CACHED_H
#define FORKSCOPE_EXECUTOR_CACHED_H

#include <forkscope/executor.h>
#include <stdbool.h>

bool executor__is_cached(const struct scoped_executor *executor);

/* Ends the threads and frees the executor. Returns 0, or -ETIMEDOUT: then it is called again. */
int executor__cached_free(struct scoped_executor *executor, int64_t deadline);

#endif
