/*
 * current.c - the stack of activations of each thread
 */
#include "src/scope/current.h"

#include "src/base/process.h"

static __thread struct activation bottom;
static __thread struct activation *top;

struct activation *scoped__activation(void)
{
    struct activation *activation = top == NULL ? &bottom : top;
    uint64_t process = base__process();
    if (activation->process == process)
        return activation;
    top = NULL;
    bottom = (struct activation){ .process = process };
    return &bottom;
}

void scoped__activation_push(struct activation *activation)
{
    activation->process = base__process();
    activation->outer = top;
    top = activation;
}

void scoped__activation_pop(struct activation *activation)
{
    top = activation->outer;
}

bool scoped__owns(const struct activation *activation, const struct node *node)
{
    const struct node *task = activation->node;
    if (node->parent == task || (task != NULL && node->parent == task->body_of))
        return true;
    const struct node *opened = activation->opened;
    while (opened != NULL && opened != node->parent)
        opened = opened->opened_before;
    return opened != NULL;
}
