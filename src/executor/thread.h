/*
 * thread.h - the executor that runs each function on a thread of its own
 */
#ifndef FORKSCOPE_EXECUTOR_THREAD_H
#define FORKSCOPE_EXECUTOR_THREAD_H

#include <forkscope/executor.h>
#include <pthread.h>
#include <stdbool.h>

bool executor__is_thread(const struct scoped_executor *executor);

/*
 * Starts a joinable thread with the attributes of such an executor; `execute` starts detached ones.
 * The first act of `thread_main` must be executor__thread_begin. Returns 0 or a negative errno.
 */
int executor__thread_start(struct scoped_executor *executor, void *(*thread_main)(void *arg),
                           void *arg, pthread_t *ret_thread);

/* Switches the new thread's cancellation off, and gives it the executor's name for its threads. */
void executor__thread_begin(const struct scoped_executor *executor);

/* Frees an executor of this kind; the default one is left as it is. */
void executor__thread_free(struct scoped_executor *executor);

#endif
