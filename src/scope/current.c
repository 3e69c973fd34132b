/*
 * current.c - the stack of frames of each thread
 */
#include "src/scope/current.h"

#include "src/base/process.h"

static __thread struct frame bottom;
static __thread struct frame *top;

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
