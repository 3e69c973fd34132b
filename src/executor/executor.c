/*
 * executor.c - which executors are the library's own, and how they are freed
 */
#include "src/executor/executor.h"

#include "src/scope/queued.h"

#include <errno.h>
#include <stdlib.h>

static __thread bool spent;

bool scoped__thread_spent(void)
{
    return spent;
}

void scoped__thread_spend(void)
{
    spent = true;
}

bool scoped__executor_joins(const struct scoped_executor *executor)
{
    return executor->execute == scoped__execute_detached;
}

bool scoped__executor_ours(const struct scoped_executor *executor)
{
    return scoped__executor_joins(executor) || executor->execute == scoped__execute_cached;
}

int scoped__executor_start(struct node *node)
{
    return scoped__executor_joins(node->executor) ? scoped__start_thread(node)
                                                  : scoped__queued_add(node);
}

int scoped_executor_free_until(struct scoped_executor *executor, int64_t deadline)
{
    if (executor == NULL || executor == scoped_thread_executor())
        return 0;
    if (executor->execute == scoped__execute_cached)
        return scoped__cached_free(executor, deadline);
    if (executor->execute != scoped__execute_detached)
        return -EINVAL;
    scoped__attributes_fini(&((struct thread_executor *)executor)->attributes);
    free(executor);
    return 0;
}

void scoped_executor_free(struct scoped_executor *executor)
{
    scoped_executor_free_until(executor, SCOPED_FOREVER);
}
