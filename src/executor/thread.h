/*
 * thread.h - the executor that runs each function on a thread of its own
 */
#ifndef FORKSCOPE_EXECUTOR_THREAD_H
#define FORKSCOPE_EXECUTOR_THREAD_H

#include <forkscope/executor.h>
#include <pthread.h>
#include <stdbool.h>

bool scoped__is_thread_executor(const struct scoped_executor *executor);

/*
 * Starts a joinable thread with the attributes of such an executor; `execute` starts detached ones.
 * The first act of `thread_main` must be scoped__thread_begin. Returns 0 or a negative errno.
 */
int scoped__thread_start(struct scoped_executor *executor, void *(*thread_main)(void *arg),
                         void *arg, pthread_t *ret_thread);

/* Switches the new thread's cancellation off, and gives it the executor's name for its threads. */
void scoped__thread_begin(const struct scoped_executor *executor);

/* Frees an executor of this kind; the default one is left as it is. */
void scoped__thread_executor_free(struct scoped_executor *executor);

#endif
