/*
 * executor.c - which executors are the library's own, and how they are freed
 */
#include "src/executor/executor.h"

#include "src/base/clock.h"
#include "src/executor/cached.h"
#include "src/executor/thread.h"

#include <errno.h>
#include <stddef.h>

bool scoped__executor_joins(const struct scoped_executor *executor)
{
    return scoped__is_thread_executor(executor);
}

bool scoped__executor_ours(const struct scoped_executor *executor)
{
    return scoped__is_thread_executor(executor) || scoped__is_cached_executor(executor);
}

int scoped_executor_free_until(struct scoped_executor *executor, int64_t deadline)
{
    if (executor == NULL)
        return 0;
    if (scoped__is_cached_executor(executor))
        return scoped__cached_free(executor, deadline);
    if (!scoped__is_thread_executor(executor))
        return -EINVAL;
    scoped__thread_executor_free(executor);
    return 0;
}

void scoped_executor_free(struct scoped_executor *executor)
{
    scoped_executor_free_until(executor, BASE_NEVER);
}
