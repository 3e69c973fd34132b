/*
 * queued.c - hands a task to a queueing executor, and lets a waiting owner run it instead
 */
#include "src/scope/queued.h"

#include "src/base/clock.h"
#include "src/executor/executor.h"

#include <errno.h>

/* Locked: claims the node for the calling thread. False: another thread has claimed it. */
static bool take(struct node *node) REQUIRES(tree_lock)
{
    if (!scoped__node_join(node, JOIN_EV_TAKEN))
        return false;
    scoped__node_place(node);
    return true;
}

/*
 * Returns the task that passes its cancel on to the node while the node runs on this stack; NULL:
 * none.
 */
static struct node *leader(const struct activation *activation, const struct node *node)
{
    return activation->lent != NULL && scoped__owns(activation, node) ? activation->lent : NULL;
}

/* Runs the node, unless a waiter has run it already. Then it only drops the reference. */
static void run_queued(void *arg)
{
    struct node *node = arg;
    struct tree *tree = node->tree;
    scoped__lock(tree);
    bool mine = take(node);
    scoped__node_unref(node);
    scoped__unlock(tree);
    if (mine)
        node->run(node, leader(scoped__activation(), node));
}

/* Calls the user's `execute`. It must return, since the node is linked and has no thread yet. */
static int execute_users(struct node *node)
{
    struct activation *activation = scoped__activation();
    struct node *lent_before = activation->lent;
    struct wait section = scoped__uncancelled_begin();
    activation->lent = section.task;
    int error = node->executor->execute(node->executor, run_queued, node);
    activation->lent = lent_before;
    scoped__uncancelled_end(section);
    return error;
}

int scoped__queued_add(struct node *node)
{
    struct scoped_executor *executor = node->executor;
    int error = executor__is_ours(executor) ? executor->execute(executor, run_queued, node)
                                            : execute_users(node);
    return error > 0 ? -EIO : error;
}

bool scoped__queued_runs(const struct node *node, int64_t deadline)
{
    return node->join == JOIN_UNSTARTED && !executor__is_ours(node->executor) &&
           (deadline == BASE_NEVER || scoped__node_cancelled(node) || base__now() < deadline);
}

int scoped__queued_run(struct wait wait, struct node *node)
{
    struct tree *tree = node->tree;
    take(node);
    scoped__unlock(tree);
    node->run(node, wait.task);
    scoped__lock(tree);
    return scoped__wait_cancelled(wait) ? -ECANCELED : 0;
}
