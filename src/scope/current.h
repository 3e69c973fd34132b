/*
 * current.h - which task runs on the calling thread
 *
 * A frame lies on the stack of the thread that runs a task. Every thread has one more frame at the
 * bottom, for what it does outside of tasks. If a waiting task runs another task, that task's frame
 * lies on top of the waiting task's own. In a forked process the only thread is in no task and has
 * opened no scope: the task and its scopes continue in the parent process.
 */
#ifndef FORKSCOPE_SCOPE_CURRENT_H
#define FORKSCOPE_SCOPE_CURRENT_H

#include "src/scope/node.h"

struct frame {
    uint64_t process;           /* the process that pushed the frame */
    struct node *node;          /* NULL: no task */
    struct frame *outer;
    struct node *opened;        /* scopes and roots opened in this frame, newest first */
    struct deferred *deferred;  /* functions to run at its end, newest first */
    unsigned held;              /* above 0: user code runs in which no wait is cut short */
    struct node *lent;          /* its task, while an executor may run a child on this stack */
    struct node *leader;        /* the task whose cancel is passed on to this one; NULL: none */
};

struct frame *scoped__frame(void);
void scoped__frame_push(struct frame *frame);
void scoped__frame_pop(struct frame *frame);

/*
 * Returns whether the node is a child of the frame's task or of a scope that the frame has opened.
 */
bool scoped__owns(const struct frame *frame, const struct node *node);

#endif
