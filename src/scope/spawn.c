/*
 * spawn.c - makes a node for a new task or leaf, links it, and hands it to its executor
 */
#include "src/scope/spawn.h"

#include "src/executor/thread.h"
#include "src/scope/queued.h"
#include "src/scope/scope.h"
#include "src/scope/spawner_id.h"
#include "src/scope/task.h"
#include "src/scope/timer_thread.h"

#include <errno.h>
#include <forkscope/task.h>
#include <stdio.h>

/* Undoes the start of a node that its executor refused. Its signals have not been handed out. */
static void discard(struct node *node)
{
    struct tree *tree = node->tree;
    if (node->id.generation != 0)
        scoped__spawner_id_release(node->id);
    scoped__lock(tree);
    scoped__node_unlink(node);
    scoped__timer_clear(node);
    node->references = 1;
    scoped__node_unref(node);
    scoped__unlock(tree);
}

/*
 * The thread starts with cancellation on, but it is not cancelled before its node has entered
 * NODE_RUNNING.
 */
static void *thread_main(void *arg)
{
    struct node *node = arg;
    executor__thread_begin(node->executor);
    scoped__task_run(node, NULL);
    return NULL;
}

/* Unlocked: starts a thread for a linked task. The thread ends with the task. */
static int start_thread(struct node *node) EXCLUDES(tree_lock)
{
    struct tree *tree = node->tree;
    pthread_t thread;
    int error = executor__thread_start(node->executor, thread_main, node, &thread);
    if (error < 0)
        return error;
    scoped__lock(tree);
    scoped__node_thread(node, thread);
    scoped__node_unref(node);
    scoped__unlock(tree);
    return 0;
}

static int start(struct node *node)
{
    bool has_own_id = node->kind != NODE_LEAF && node->body_of == NULL;
    int error = has_own_id ? scoped__node_take_id(node) : 0;
    scoped__lock(node->tree);
    scoped__node_link(node);
    scoped__unlock(node->tree);
    if (error == 0)
        error = node->own_thread ? start_thread(node) : scoped__queued_add(node);
    if (error != 0)
        discard(node);
    return error;
}

/* What the caller of a spawn function passes; one of the two functions is NULL. */
struct body {
    scoped_task_function *task;
    scoped_leaf_function *leaf;
    void *arg;
    scoped_done_function *done;
    const char *name;       /* NULL: none */
};

static void prepare(struct node *node, const struct body *body)
    NO_THREAD_SAFETY_ANALYSIS("the node is not linked yet")
{
    if (body->leaf != NULL)
        node->function.leaf = body->leaf;
    else
        node->function.task = body->task;
    node->run = scoped__task_run;
    node->arg = body->arg;
    node->done = body->done;
    if (body->name != NULL)
        snprintf(node->name, sizeof node->name, "%s", body->name);
}

/* `handles` is the number of references that the caller gets. Without one the node may be gone. */
static int spawn(scoped_spawner spawner, const struct body *body, unsigned handles,
                 struct node **ret_node)
{
    enum { PLACE_AND_RUN = 2 };

    struct node *parent;
    if (body->task == NULL && body->leaf == NULL)
        return -EINVAL;
    int error = scoped__parent_with_room(spawner, &parent);
    if (error < 0)
        return error;
    struct node *node = scoped__node_new(parent, body->leaf != NULL ? NODE_LEAF : NODE_TASK,
                                         PLACE_AND_RUN + handles);
    if (node == NULL)
        return -ENOMEM;
    prepare(node, body);
    error = start(node);
    if (error == 0)
        *ret_node = node;
    return error;
}

int scoped__spawn_body(struct node *scope, scoped_task_function *function, void *arg,
                       struct node **ret_body)
{
    enum { PLACE_RUN_AND_CALLER = 3 };

    struct body body = { .task = function, .arg = arg };
    struct node *node = scoped__node_new(scope, NODE_TASK, PLACE_RUN_AND_CALLER);
    if (node == NULL)
        return -ENOMEM;
    prepare(node, &body);
    node->body_of = scope;
    int error = start(node);
    if (error == 0)
        *ret_body = node;
    return error;
}

static int spawn_with_signals(scoped_spawner spawner, const struct body *body,
                              struct scoped_parent_signals *ret_signals)
{
    enum { SIGNALS = 2 };

    struct node *node;
    int error = spawn(spawner, body, ret_signals != NULL ? SIGNALS : 0, &node);
    if (error == 0 && ret_signals != NULL) {
        ret_signals->cancel_sender = (struct scoped_cancel_sender *)node;
        ret_signals->done_receiver = (struct scoped_done_receiver *)node;
    }
    return error;
}

int scoped_spawn(scoped_spawner spawner, scoped_task_function *function, void *arg,
                 scoped_done_function *done)
{
    struct body body = { .task = function, .arg = arg, .done = done };
    return spawn_with_signals(spawner, &body, NULL);
}

int scoped_spawn_with_signal(scoped_spawner spawner, scoped_task_function *function, void *arg,
                             scoped_done_function *done, struct scoped_parent_signals *ret_signals)
{
    struct body body = { .task = function, .arg = arg, .done = done };
    return spawn_with_signals(spawner, &body, ret_signals);
}

int scoped_spawn_leaf(scoped_spawner spawner, scoped_leaf_function *function, void *arg,
                      scoped_done_function *done)
{
    struct body body = { .leaf = function, .arg = arg, .done = done };
    return spawn_with_signals(spawner, &body, NULL);
}

int scoped_spawn_leaf_with_signal(scoped_spawner spawner, scoped_leaf_function *function, void *arg,
                                  scoped_done_function *done,
                                  struct scoped_parent_signals *ret_signals)
{
    struct body body = { .leaf = function, .arg = arg, .done = done };
    return spawn_with_signals(spawner, &body, ret_signals);
}

static int start_object(scoped_spawner spawner, const struct scoped_task_options *options,
                        struct body body, struct scoped_task **ret_task)
{
    struct node *node;
    if (options != NULL) {
        body.name = options->name;
        body.done = options->done;
    }
    int error = spawn(spawner, &body, ret_task != NULL, &node);
    if (error == 0 && ret_task != NULL)
        *ret_task = (struct scoped_task *)node;
    return error;
}

int scoped_start(scoped_spawner spawner, const struct scoped_task_options *options,
                 scoped_task_function *function, void *arg, struct scoped_task **ret_task)
{
    return start_object(spawner, options, (struct body){ .task = function, .arg = arg }, ret_task);
}

int scoped_start_leaf(scoped_spawner spawner, const struct scoped_task_options *options,
                      scoped_leaf_function *function, void *arg, struct scoped_task **ret_task)
{
    return start_object(spawner, options, (struct body){ .leaf = function, .arg = arg }, ret_task);
}
