/*
 * executor.h - which executors are the library's own
 */
#ifndef FORKSCOPE_EXECUTOR_EXECUTOR_H
#define FORKSCOPE_EXECUTOR_EXECUTOR_H

#include <forkscope/executor.h>
#include <stdbool.h>

/*
 * Whether the executor's threads are the library's own: a function on them may be cancelled by
 * force, and there is a thread for each function.
 */
bool executor__is_ours(const struct scoped_executor *executor);

#endif
