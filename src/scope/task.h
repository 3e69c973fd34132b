/*
 * task.h - the life of a task on its thread
 */
#ifndef FORKSCOPE_SCOPE_TASK_H
#define FORKSCOPE_SCOPE_TASK_H

#include "src/scope/node.h"

/*
 * Runs a task through all its phases. Cancellation must be off. Does not return when the thread is
 * unwound, but the phases are over then too. `leader` is a task that this one lies on top of, whose
 * cancel is passed on to it; NULL: none.
 */
void scoped__task_run(struct node *node, struct node *leader);

#endif
