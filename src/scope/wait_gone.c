/*
 * wait_gone.c - waits for one task or for all children: joins them, runs them, or sleeps
 */
#include "src/scope/wait_gone.h"

#include "src/scope/current.h"
#include "src/scope/join.h"
#include "src/scope/queued.h"

#include <errno.h>

int scoped__wait_told(struct wait wait, struct node *node, int64_t deadline)
{
    struct waiter *waiter = base__waiter_new();
    if (waiter != NULL)
        list_append(&node->waiters, &waiter->link);
    scoped__unlock(node->tree);
    int error = scoped__wait_parked(wait, waiter, deadline);
    scoped__lock(node->tree);
    if (waiter != NULL)
        list_remove(&waiter->link);
    base__waiter_free(waiter);
    return error;
}

int scoped__wait_gone(struct wait wait, struct node *node, int64_t deadline)
{
    struct tree *tree = node->tree;
    int error = scoped__wait_cancelled(wait) ? -ECANCELED : 0;
    scoped__lock(tree);
    while (error == 0 && node->state != NODE_GONE) {
        if (scoped__may_join(wait, node))
            error = scoped__join(wait, node, deadline);
        else if (scoped__queued_runs(node, deadline) && scoped__owns(scoped__activation(), node))
            error = scoped__queued_run(wait, node);
        else
            error = scoped__wait_told(wait, node, deadline);
    }
    if (node->state == NODE_GONE)
        error = 0;
    scoped__unlock(tree);
    return error;
}

static int watch(struct wait wait, struct node *node, int64_t deadline) REQUIRES(tree_lock)
{
    struct waiter *waiter = base__waiter_new();
    node->owner_waiter = waiter;
    scoped__unlock(node->tree);
    int error = scoped__wait_parked(wait, waiter, deadline);
    scoped__lock(node->tree);
    node->owner_waiter = NULL;
    base__waiter_free(waiter);
    return error;
}

/*
 * Whether to join this child. If one child fewer is enough (most > 0), others may finish first, so
 * only a child that is done is joined.
 */
static bool worth_joining(struct wait wait, const struct node *child, unsigned most)
    REQUIRES(tree_lock)
{
    return scoped__may_join(wait, child) && (most == 0 || child->state == NODE_DONE);
}

int scoped__wait_children(struct wait wait, struct node *node, unsigned most, int64_t deadline)
{
    int error = scoped__wait_cancelled(wait) ? -ECANCELED : 0;
    scoped__lock(node->tree);
    node->owner_joins_all = most == 0;
    while (error == 0 && node->child_count > most) {
        struct node *child = scoped__first_child(node);
        if (worth_joining(wait, child, most))
            error = scoped__join(wait, child, deadline);
        else if (scoped__queued_runs(child, deadline))
            error = scoped__queued_run(wait, child);
        else
            error = watch(wait, node, deadline);
    }
    node->owner_joins_all = false;
    if (node->child_count <= most)
        error = 0;
    scoped__unlock(node->tree);
    return error;
}
