/*
 * queue_helpers.h - what the tests of tasks in a queue share: a pool without threads, and a child
 */
#ifndef FORKSCOPE_SUPPORT_QUEUE_HELPERS_H
#define FORKSCOPE_SUPPORT_QUEUE_HELPERS_H

#include "tests/support/scope_helpers.h"
#include "tests/support/user_executors.h"

extern struct pool pool;
extern struct event inside;     /* the child runs */

/* A root, the events and the log; the pool has no threads. */
void queue_set_up(void);
void queue_tear_down(void);

#define QUEUE_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = queue_set_up, .pTearDownFunc = queue_tear_down, .pTests = table }

/* A leaf task: logs the letter that it is given. */
int queue_at_once(void *arg);

/* Spawns a leaf task, which is not to be cancelled; log_child_done is called at its end. */
struct scoped_done_receiver *queue_spawn(scoped_spawner where, scoped_leaf_function *function,
                                         void *arg);

#endif
