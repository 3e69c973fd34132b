/*
 * executor.c - which executors are the library's own, and how they are freed
 */
#include "src/executor/executor.h"

#include "src/base/clock.h"
#include "src/executor/cached.h"
#include "src/executor/thread.h"

#include <errno.h>
#include <stddef.h>

bool executor__is_ours(const struct scoped_executor *executor)
{
    return executor__is_thread(executor) || executor__is_cached(executor);
}

int scoped_executor_free_until(struct scoped_executor *executor, int64_t until)
{
    if (base__is_length(until))
        return -EINVAL;
    if (executor == NULL)
        return 0;
    if (executor__is_cached(executor))
        return executor__cached_free(executor, until);
    if (!executor__is_thread(executor))
        return -EINVAL;
    executor__thread_free(executor);
    return 0;
}

void scoped_executor_free(struct scoped_executor *executor)
{
    scoped_executor_free_until(executor, BASE_NEVER);
}
