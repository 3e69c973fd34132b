/*
 * executor.h - what the tree knows about executors beyond their public face
 */
#ifndef FORKSCOPE_SCOPE_EXECUTOR_H
#define FORKSCOPE_SCOPE_EXECUTOR_H

#include "src/executor/attributes.h"
#include "src/scope/node.h"

struct thread_executor {
    struct scoped_executor base;
    struct attributes attributes;
};

int scoped__execute_detached(struct scoped_executor *self, void (*run)(void *arg), void *arg);
int scoped__execute_cached(struct scoped_executor *self, void (*run)(void *arg), void *arg);
/* 0, or -ETIMEDOUT and it can be called again. */
int scoped__cached_free(struct scoped_executor *self, int64_t deadline);

/* Whether its threads are the library's: they may be cancelled, and there are always enough. */
bool scoped__executor_ours(const struct scoped_executor *executor);

/* Whether every task gets a thread that ends with it. */
bool scoped__executor_joins(const struct scoped_executor *executor);

/* Unlocked: a thread for a linked task, which ends with it. */
int scoped__start_thread(struct node *node);

/*
 * Hands a linked node, with one reference for the run, to its executor. 0, or the executor's error;
 * the node and the reference are the caller's still then.
 */
int scoped__executor_start(struct node *node);

/* Whether the calling thread has been cancelled while it ran a task, and should run no other. */
bool scoped__thread_spent(void);
void scoped__thread_spend(void);

#endif
