/*
 * task.c - runs a task on the calling thread, through all its phases
 */
#include "src/scope/task.h"

#include "src/base/clock.h"
#include "src/base/thread.h"
#include "src/executor/thread_state.h"
#include "src/scope/cancel.h"
#include "src/scope/cancel_tree.h"
#include "src/scope/current.h"
#include "src/scope/defer.h"
#include "src/scope/done.h"
#include "src/scope/failure.h"
#include "src/scope/scope.h"
#include "src/scope/spawner_id.h"
#include "src/scope/wait_gone.h"

#include <errno.h>

/* Phase 1: returns whether the function is to run. */
static bool begin(struct node *node)
{
    scoped__lock(node->tree);
    bool runs = !scoped__node_cancelled(node);
    if (node->own_thread)
        scoped__node_thread(node, pthread_self());
    else
        node->thread = pthread_self();
    if (runs)
        scoped__node_enter(node, NODE_RUNNING);
    bool named = node->name[0] != '\0';
    scoped__unlock(node->tree);
    if (runs && named)
        scoped__node_name_thread(node);
    return runs;
}

/* Phases 3 and 4: cancels all children and opened scopes, then waits until they are gone. */
static void end_children(struct activation *activation)
{
    struct node *node = activation->node;
    for (struct node *opened = activation->opened; opened != NULL; opened = opened->opened_before) {
        scoped__lock(opened->tree);
        scoped__cancel(opened);
        scoped__unlock(opened->tree);
    }
    scoped__lock(node->tree);
    scoped__cancel_children(node);
    scoped__unlock(node->tree);

    while (activation->opened != NULL)
        scoped__scope_end(activation);
    scoped__wait_children(SCOPED_UNCANCELLED, node, 0, BASE_NEVER);
}

/*
 * Closes the task and its open scopes to new children. Returns whether the task has children. Only
 * the task itself could add one, and from here on it cannot.
 */
static bool enter_ending(struct activation *activation)
{
    struct node *node = activation->node;
    for (struct node *opened = activation->opened; opened != NULL; opened = opened->opened_before) {
        scoped__lock(opened->tree);
        scoped__node_enter(opened, NODE_ENDING);
        scoped__unlock(opened->tree);
    }
    scoped__lock(node->tree);
    scoped__node_enter(node, NODE_ENDING);
    if (node->cancel >= CANCEL_DEFERRED)
        executor__thread_spend();
    bool has_children = node->child_count > 0;
    scoped__unlock(node->tree);
    return has_children;
}

/*
 * `done` and on_failure may have acquired, deferred or opened something; that ends with the task
 * too.
 */
static void end_late(struct activation *activation)
{
    while (activation->deferred != NULL || activation->opened != NULL) {
        scoped__run_deferred(activation);
        if (activation->opened != NULL)
            end_children(activation);
    }
}

/*
 * Phases 2 to 6. If the thread is unwound, the clean-up handlers that the function itself pushed
 * have run already.
 */
static void end(struct activation *activation, int status)
{
    struct node *node = activation->node;
    bool has_children = enter_ending(activation);
    status = scoped__end_status(node, status);
    scoped__run_deferred(activation);
    if (has_children || activation->opened != NULL)
        end_children(activation);
    if (node->done != NULL)
        node->done(node->arg);
    struct scoped_failure *failure = scoped__failure_new(node, status);
    end_late(activation);
    if (activation->leader != NULL)
        scoped__cancel_lead(activation->leader, NULL);
    if (node->id.generation != 0)
        scoped__spawner_id_release(node->id);
    scoped__activation_pop(activation);
    scoped__tell_done(node, status, failure);
}

static void unwound(void *arg)
{
    struct activation *activation = arg;
    base__stack_unwound();
    end(activation, scoped__node_cancelled(activation->node) ? -ECANCELED : SCOPED_EUNWOUND);
}

/* What the function gets: its own spawner, or that of the scope whose body it is. */
static scoped_spawner spawner_for(const struct node *node)
{
    return node->body_of != NULL ? node->body_of->id : node->id;
}

/*
 * The clean-up handler is pushed before the thread can be cancelled, and popped after cancellation
 * is off again.
 */
static int call_function(struct activation *activation)
{
    struct node *node = activation->node;
    int status;
    pthread_cleanup_push(unwound, activation);
    base__cancelable(node->mode == SCOPED_CANCEL_FORCED);
    status = node->kind == NODE_LEAF ? node->function.leaf(node->arg)
                                     : node->function.task(spawner_for(node), node->arg);
    base__cancelable(false);
    pthread_cleanup_pop(0);
    return status;
}

void scoped__task_run(struct node *node, struct node *leader)
{
    struct activation activation = { .node = node, .leader = leader };
    scoped__activation_push(&activation);
    if (leader != NULL)
        scoped__cancel_lead(leader, node);
    end(&activation, begin(node) ? call_function(&activation) : -ECANCELED);
}
