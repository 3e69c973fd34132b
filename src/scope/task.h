/*
 * task.h - the life of a task on its thread
 */
#ifndef FORKSCOPE_SCOPE_TASK_H
#define FORKSCOPE_SCOPE_TASK_H

#include "src/scope/node.h"

/*
 * Runs a task through all its phases. Cancellation must be off. When the thread is unwound, the
 * call does not return, but the phases are done. `leader` is the task below this one on the stack,
 * which passes its cancel on; NULL: none.
 */
void scoped__task_run(struct node *node, struct node *leader);

#endif
