/*
 * done.c - phase 6 of a task: joins finished siblings, tells its scope, becomes done
 */
#include "src/scope/done.h"

#include "src/scope/failure.h"
#include "src/scope/join.h"

/* A task that finishes joins the finished siblings that no other thread joins. */
static void join_finished_siblings(struct node *node) REQUIRES(tree_lock)
{
    int error = 0;
    while (error == 0 && node->join == JOIN_UNCLAIMED && !node->parent->owner_joins_all)
        error = scoped__join_finished(scoped__first_child(node->parent));
}

void scoped__tell_done(struct node *node, int status, struct scoped_failure *failure)
{
    struct tree *tree = node->tree;
    scoped__reason_clear(&node->reason);
    scoped__lock(tree);
    node->status = status;
    if (node->own_thread)
        join_finished_siblings(node);
    scoped__failure_judge(node, status, failure);
    if (node->own_thread) {
        scoped__node_enter(node, NODE_DONE);
        if (scoped__node_finished(node))
            scoped__tell_joinable(node);
    } else {
        scoped__set_gone(node);
    }
    scoped__unlock(tree);
}
