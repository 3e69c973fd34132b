/*
 * supervisor.h - the leaf task that supervises a process of a scope
 */
#ifndef FORKSCOPE_TREE_SUPERVISOR_H
#define FORKSCOPE_TREE_SUPERVISOR_H

#include "src/tree/scoped_process.h"
#include <forkscope/scope.h>
#include <forkscope/notify.h>

/*
 * Starts the task as a child of the spawner; it gets a reference to the shared state, whose process
 * has been started. ret_signals: NULL: not wanted. Returns 0 or an error of scoped_spawn_leaf.
 */
int procspawn__supervisor_start(struct scoped_process *shared, scoped_spawner spawner,
                                struct scoped_parent_signals *ret_signals);

/*
 * Without a task: ends the process and waits until it is gone, also if the caller is cancelled
 * meanwhile; otherwise the process would be left.
 */
void procspawn__supervisor_end(struct scoped_process *shared);

#endif
