/*
 * current.h - which task runs on the calling thread
 *
 * An activation is one task on the stack of a thread. Every thread has one more at the bottom, for
 * what it does outside of tasks. If a waiting task runs another task, that one's activation lies on
 * top of the waiting task's own. In a forked process the only thread is in no task and has opened
 * no scope: the task and its scopes continue in the parent process.
 */
#ifndef FORKSCOPE_SCOPE_CURRENT_H
#define FORKSCOPE_SCOPE_CURRENT_H

#include "src/scope/node.h"

struct activation {
    uint64_t process;           /* the process that pushed it */
    struct node *node;          /* NULL: no task */
    struct activation *outer;
    struct node *opened;        /* scopes and roots opened in this activation, newest first */
    struct deferred *deferred;  /* functions to run at its end, newest first */
    unsigned held;              /* above 0: user code runs in which no wait is cut short */
    struct node *lent;          /* its task, while an executor may run a child on this stack */
    struct node *leader;        /* the task whose cancel is passed on to this one; NULL: none */
};

/* The one on top of the calling thread. */
struct activation *scoped__activation(void);
void scoped__activation_push(struct activation *activation);
void scoped__activation_pop(struct activation *activation);

/*
 * Returns whether the node is a child of the activation's task, of the scope whose body that is, or
 * of a scope that was opened in the activation.
 */
bool scoped__owns(const struct activation *activation, const struct node *node);

#endif
