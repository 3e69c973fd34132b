/*
 * executor.h - what the tree knows about executors beyond their public face
 */
#ifndef FORKSCOPE_SCOPE_EXECUTOR_H
#define FORKSCOPE_SCOPE_EXECUTOR_H

#include "src/scope/node.h"

/* Whether the threads that it runs tasks on may be cancelled. */
bool scoped__executor_forces(const struct scoped_executor *executor);

/* Whether every task gets a thread that ends with it. */
bool scoped__executor_joins(const struct scoped_executor *executor);

/*
 * Hands a linked node, with one reference for the run, to its executor. 0, or the executor's error;
 * the node and the reference are the caller's still then.
 */
int scoped__executor_start(struct node *node);

#endif
