#include "src/scope/executor.h"

#include "src/scope/task.h"
#include "src/scope/wait.h"

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

/* A waiter may have run it meanwhile; then only the memory is left. */
static void run_queued(void *arg)
{
    struct node *node = arg;
    struct tree *tree = node->tree;
    scoped__lock(tree);
    bool mine = !node->claimed;
    node->claimed = true;
    scoped__node_unref(node);
    scoped__unlock(tree);
    if (mine)
        scoped__task_run(node);
}

/* The user's function has to come back: the node is linked, and nobody has it yet. */
static int execute(struct node *node)
{
    struct wait hold = scoped__hold();
    int error = node->executor->execute(node->executor, run_queued, node);
    scoped__hold_end(hold);
    return error > 0 ? -EIO : error;
}

int scoped__executor_start(struct node *node)
{
    if (scoped__executor_joins(node->executor))
        return scoped__start_thread(node);
    if (scoped__executor_ours(node->executor))
        return node->executor->execute(node->executor, run_queued, node);
    return execute(node);
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
