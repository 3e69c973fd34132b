/*
 * frame.h - what runs on the calling thread
 *
 * A frame lies on the stack of the thread that runs a task; every thread has one more at the
 * bottom, for what it does outside of tasks. A task that is run by a waiter lies on top of the
 * waiter's own. In a process that was forked the only thread is in no task and has opened nothing:
 * what it is the copy of goes on in the other process.
 */
#ifndef FORKSCOPE_SCOPE_FRAME_H
#define FORKSCOPE_SCOPE_FRAME_H

#include "src/scope/node.h"

struct frame {
    uint64_t process;           /* that the thread runs in */
    struct node *node;          /* NULL: no task */
    struct frame *outer;
    struct node *opened;        /* scopes and roots that it opened, the last one first */
    struct deferred *deferred;  /* what to run at its end, the last one first */
    unsigned held;              /* code of the user's runs in which no wait is cut short */
    struct node *lent;          /* its task, while an executor may run a child in its place */
    struct node *leader;        /* whose cancel is passed on to this task; NULL: nobody's */
};

struct frame *scoped__frame(void);
void scoped__frame_push(struct frame *frame);
void scoped__frame_pop(struct frame *frame);

/* Whether the node is a child of the frame's task, or of a scope that the frame has opened. */
bool scoped__owns(const struct frame *frame, const struct node *node);

/*
 * The node that a spawner names, if it is the calling frame's: its own task or a scope that it
 * opened. Otherwise SCOPED_ESTALE or SCOPED_ENOTOWNER, after the hook has heard of it.
 */
int scoped__owned(scoped_spawner spawner, struct node **ret_node);

#endif
