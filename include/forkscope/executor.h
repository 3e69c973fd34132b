/*
 * executor.h - who runs the tasks
 *
 * An executor is whatever can run a function on some thread: a pool, an event loop's work queue, or
 * a new thread for each task. The library brings the last one; any other is adapted by one
 * function:
 *
 *     struct my_executor {
 *         struct scoped_executor base;
 *         struct my_pool *pool;
 *     };
 *
 *     static int my_execute(struct scoped_executor *self, void (*run)(void *arg), void *arg)
 *     {
 *         struct my_executor *executor = (struct my_executor *)self;
 *         return my_pool_push(executor->pool, run, arg) ? 0 : -EAGAIN;
 *     }
 *
 * Code that spawns never sees an executor: it gets a spawner (scope.h), made from one.
 */
#ifndef FORKSCOPE_EXECUTOR_H
#define FORKSCOPE_EXECUTOR_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct scoped_executor;

/*
 * Starts a task. Returning 0 promises that run(arg) is called exactly once, on a thread that has no
 * lock of the executor held, also when the executor is being shut down meanwhile. A negative errno
 * value says that it will not be called; whoever spawned gets that value. It may be called from any
 * thread, several at once, and must not wait for a task to end.
 *
 * On an executor of the user's, cancelling a task only asks it: the flag and the descriptor of the
 * task are set and the library's waits return -ECANCELED; its thread, which is not ours, is never
 * cancelled. A task that waits for its children runs those itself that the executor has not come to
 * yet, so a pool with a bounded number of threads cannot run out of them.
 */
typedef int scoped_execute_function(struct scoped_executor *self, void (*run)(void *arg),
                                    void *arg);

/* What a user fills in; the first member of a larger structure where the function needs more. */
struct scoped_executor {
    scoped_execute_function *execute;
};

/*
 * The executor that starts a thread for each task, with default attributes. It is what a root gets
 * that is opened without an executor. Borrowed, valid for ever; never NULL.
 *
 * A task's thread is joined before anybody is told that the task is gone: its thread-specific
 * destructors have run and its stack is free then. A thread that cannot be had is -EAGAIN to
 * whoever spawned.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: the trait futures::task::Spawn of Rust, which scoped_spawn 0.2.1 builds on.
 */
struct scoped_executor *scoped_thread_executor(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
