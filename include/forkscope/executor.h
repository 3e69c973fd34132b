/*
 * executor.h - what runs the tasks
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
 *
 * Fork:   the default executor works in a forked process, for roots that this opens. An executor
 *         that was made before belongs to the program: every use of a cached one fails with
 *         PROCSPAWN_ENOTOWNER.
 */
#ifndef FORKSCOPE_EXECUTOR_H
#define FORKSCOPE_EXECUTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct scoped_executor;

/*
 * Starts a task. Returning 0 promises that run(arg) is called exactly once, on a thread that has no
 * lock of the executor held, also when the executor is being shut down meanwhile; run may be called
 * before execute returns. A negative errno value says that it will not be called; the spawn returns
 * that value. execute may be called from any thread, several at once, and must not wait for a task
 * to end. Cancellation of the calling thread is off in it.
 *
 * On an executor of the user's, cancelling a task only asks it: the flag and the descriptor of the
 * task are set, and the library's waits return -ECANCELED. Its thread does not belong to the
 * library and is never cancelled.
 *
 * A task that waits for its children runs those that the executor has not started yet, so a pool
 * with a bounded number of threads cannot run out of them. That holds for every wait for a child of
 * its own or of a scope that it has opened: for its end, for the end of a scope or root, and for
 * room in a scope. The wait starts none when its point in time has passed, and returns late when
 * the one that it started takes longer; a time limit of the scope bounds that, too. A wait for a
 * child's start (scoped_notify_started) leaves the child to the executor for a tenth of a second.
 * Waiting for a done descriptor by poll(2) runs nothing.
 *
 * A child that its waiter runs is cancelled when the waiter is, if the wait is a cancellation point
 * there. So is a child that execute runs before it returns.
 */
typedef int scoped_execute_function(struct scoped_executor *self, void (*run)(void *arg),
                                    void *arg);

/* An executor: what a user fills in; the first member of a larger structure if it needs more. */
struct scoped_executor {
    scoped_execute_function *execute;
};

/* What threads are made with. All zero: as pthread_create makes them by default. */
struct scoped_thread_attributes {
    size_t stack_size;      /* bytes; 0: the default. At least PTHREAD_STACK_MIN */
    size_t guard_size;      /* bytes; 0: the default, one page */
    const char *name;       /* of the threads, cut to 15 bytes; NULL: inherited */
    int policy;             /* SCHED_FIFO, ..; inherited when this and priority are 0 */
    int priority;           /* as sched(7) says for the policy */
    const void *cpus;       /* a cpu_set_t that the threads are bound to; NULL: inherited */
    size_t cpus_size;       /* its size in bytes */
};

/*
 * The executor that starts a thread for each task, with default attributes. It is what a root gets
 * that is opened without an executor. Borrowed, valid for ever; never NULL.
 *
 * A task's thread is joined before the task is reported gone: its thread-specific destructors have
 * run and its stack is free then. If no thread can be created, the spawn returns -EAGAIN.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: the trait futures::task::Spawn of Rust, which scoped_spawn 0.2.1 builds on.
 */
struct scoped_executor *scoped_thread_executor(void);

/*
 * An executor that starts a thread with attributes for each task. They are copied; NULL: the
 * defaults. The caller owns the new executor and frees it after the last root that uses it has been
 * closed.
 *
 * Returns 0 and sets *ret_executor, or
 *   -EINVAL  a size, policy or priority that pthread_attr_init(3) and its relatives refuse
 *   -ENOMEM  out of memory
 * That a thread may not have a policy shows only when a task is spawned: -EPERM.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: pthread_attr_init(3).
 */
int scoped_thread_executor_new(const struct scoped_thread_attributes *attributes,
                               struct scoped_executor **ret_executor);

/*
 * An executor that keeps the threads of finished tasks, parked. It hands them the next ones, which
 * costs a fraction of a new thread. There are as many threads as tasks at the same time; at most
 * `max_idle` are kept when they have no task, each for `idle_limit` nanoseconds (0: for ever).
 *
 * Thread-specific data outlives a task here; a task that is cancelled by force takes its thread
 * with it, and the next task gets a new one. A task is gone when its phases are over.
 *
 * Returns 0 and sets *ret_executor (new, freed by the caller), or as scoped_thread_executor_new;
 * -EINVAL also for a negative idle_limit.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: java.util.concurrent.Executors.newCachedThreadPool.
 */
int scoped_cached_executor_new(const struct scoped_thread_attributes *attributes,
                               unsigned max_idle, int64_t idle_limit,
                               struct scoped_executor **ret_executor);

/*
 * Frees an executor (taken) that the library has made; waits until its threads have ended. Every
 * root that used it has to be closed before. NULL is fine.
 *
 * scoped_executor_free_until gives up at the point `until` (limits.h). It returns 0, or
 *   -ETIMEDOUT  threads were left at that point; the executor is still there, parks no thread any
 *               more, and has to be freed again
 *   -EINVAL     none of the functions above has made it, or `until` lies before the start of this
 *               process; nothing is freed
 *
 * Safe:   any thread that is not the executor's, one at a time.
 * Cancel: no cancellation point.
 * Source: own.
 */
void scoped_executor_free(struct scoped_executor *executor);
int scoped_executor_free_until(struct scoped_executor *executor, int64_t until);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
