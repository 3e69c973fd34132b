/*
 * task_helpers.h - one task under test, and functions for tasks that end as they are told
 */
#ifndef FORKSCOPE_SUPPORT_TASK_HELPERS_H
#define FORKSCOPE_SUPPORT_TASK_HELPERS_H

#include "tests/support/scope_helpers.h"

#include <forkscope/notify.h>

/* The signals of the task under test. */
extern struct scoped_parent_signals task;

/* Spawns it, and cancels it. */
void task_spawn(scoped_spawner where, scoped_leaf_function *function, void *arg);
void task_cancel(void);

/* Waits until it is gone, frees the receiver, and returns its status. */
int task_status(void);

/* The same; frees the sender too, which does not cancel. */
int task_end_status(void);

/* Functions for leaf tasks. The last two tell `started`. */
int task_return(void *status);
int task_return_when_released(void *status);
int task_block(void *arg);      /* until it is cancelled */

#endif
