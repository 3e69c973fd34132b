/*
 * spawner.c - the check that the caller owns a spawner, and what happens when it does not
 */
#include "src/scope/spawner.h"

#include "src/base/process.h"
#include "src/scope/current.h"
#include "src/scope/spawner_id.h"
#include "src/scope/wait.h"

static scoped_misuse_hook *_Atomic misuse_hook;

scoped_misuse_hook *scoped_set_misuse_hook(scoped_misuse_hook *hook)
{
    return atomic_exchange(&misuse_hook, hook);
}

static int misused(scoped_spawner spawner)
{
    int error = SCOPED_ENOTOWNER;
    if (!scoped__spawner_id_alive(spawner))
        error = SCOPED_ESTALE;
    else if (scoped__spawner_id_process(spawner) != base__process())
        error = PROCSPAWN_ENOTOWNER;
    scoped_misuse_hook *hook = atomic_load(&misuse_hook);
    if (hook == NULL)
        return error;
    struct wait section = scoped__uncancelled_begin();
    hook(error, spawner);
    scoped__uncancelled_end(section);
    return error;
}

/* Returns the node that the spawner of the activation's task names; NULL: it has none. */
static struct node *own(const struct activation *activation)
{
    struct node *task = activation->node;
    if (task == NULL)
        return NULL;
    return task->body_of != NULL ? task->body_of : task;
}

int scoped__owned(scoped_spawner spawner, struct node **ret_node)
{
    struct activation *activation = scoped__activation();
    struct node *node = own(activation);
    if (node == NULL || node->id.generation == 0 || !scoped__spawner_id_same(node->id, spawner)) {
        node = activation->opened;
        while (node != NULL && !scoped__spawner_id_same(node->id, spawner))
            node = node->opened_before;
    }
    if (node == NULL)
        return misused(spawner);
    *ret_node = node;
    return 0;
}

int scoped__parent(scoped_spawner spawner, struct node **ret_parent)
{
    int error = scoped__owned(spawner, ret_parent);
    if (error < 0)
        return error;
    const struct node *task = scoped__activation()->node;
    bool is_body = task != NULL && task->body_of == *ret_parent;
    bool open = (*ret_parent)->state == NODE_RUNNING && (!is_body || task->state == NODE_RUNNING);
    return open ? 0 : SCOPED_ECLOSED;
}
