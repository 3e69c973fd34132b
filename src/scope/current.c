/*
 * current.c - the stack of frames of each thread, and the check that the caller owns a spawner
 */
#include "src/scope/current.h"

#include "src/base/process.h"
#include "src/scope/spawner_id.h"
#include "src/scope/wait.h"

static __thread struct frame bottom;
static __thread struct frame *top;

static scoped_misuse_hook *_Atomic misuse_hook;

struct frame *scoped__frame(void)
{
    struct frame *frame = top == NULL ? &bottom : top;
    uint64_t process = base__process();
    if (frame->process == process)
        return frame;
    top = NULL;
    bottom = (struct frame){ .process = process };
    return &bottom;
}

void scoped__frame_push(struct frame *frame)
{
    frame->process = base__process();
    frame->outer = top;
    top = frame;
}

void scoped__frame_pop(struct frame *frame)
{
    top = frame->outer;
}

bool scoped__owns(const struct frame *frame, const struct node *node)
{
    if (node->parent == frame->node)
        return true;
    const struct node *opened = frame->opened;
    while (opened != NULL && opened != node->parent)
        opened = opened->opened_before;
    return opened != NULL;
}

scoped_misuse_hook *scoped_set_misuse_hook(scoped_misuse_hook *hook)
{
    return atomic_exchange(&misuse_hook, hook);
}

static int misused(scoped_spawner spawner)
{
    int error = SCOPED_ENOTOWNER;
    if (!scoped__slot_alive(spawner))
        error = SCOPED_ESTALE;
    else if (scoped__slot_process(spawner) != base__process())
        error = PROCSPAWN_ENOTOWNER;
    scoped_misuse_hook *hook = atomic_load(&misuse_hook);
    if (hook == NULL)
        return error;
    struct wait hold = scoped__hold();
    hook(error, spawner);
    scoped__hold_end(hold);
    return error;
}

int scoped__owned(scoped_spawner spawner, struct node **ret_node)
{
    struct frame *frame = scoped__frame();
    struct node *node = frame->node;
    if (node == NULL || node->id.generation == 0 || !scoped__same(node->id, spawner)) {
        node = frame->opened;
        while (node != NULL && !scoped__same(node->id, spawner))
            node = node->opened_before;
    }
    if (node == NULL)
        return misused(spawner);
    *ret_node = node;
    return 0;
}
