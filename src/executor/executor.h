/*
 * executor.h - the library's executors: what the public header does not show
 */
#ifndef FORKSCOPE_EXECUTOR_EXECUTOR_H
#define FORKSCOPE_EXECUTOR_EXECUTOR_H

#include "src/executor/attributes.h"
#include "src/scope/node.h"

struct thread_executor {
    struct scoped_executor base;
    struct attributes attributes;
};

int scoped__execute_detached(struct scoped_executor *self, void (*run)(void *arg), void *arg);
int scoped__execute_cached(struct scoped_executor *self, void (*run)(void *arg), void *arg);
/* Returns 0, or -ETIMEDOUT; then it can be called again. */
int scoped__cached_free(struct scoped_executor *self, int64_t deadline);

/*
 * Whether the executor's threads are the library's own: a task on them may be cancelled by force,
 * and there is a thread for each task.
 */
bool scoped__executor_ours(const struct scoped_executor *executor);

/* Whether every task gets a thread of its own, which ends with the task. */
bool scoped__executor_joins(const struct scoped_executor *executor);

/*
 * Unlocked: starts a thread for a linked task. The thread ends with the task. Returns 0 or a
 * negative errno.
 */
int scoped__start_thread(struct node *node);

/*
 * Hands a linked node, with one reference for the run, to its executor. Returns 0, or the
 * executor's error; then the caller keeps the node and the reference.
 */
int scoped__executor_start(struct node *node);

/* Whether the calling thread was cancelled while it ran a task, so that it must not run another. */
bool scoped__thread_spent(void);
void scoped__thread_spend(void);

#endif
