/*
 * task.h - a task as one object
 *
 * A task object stands for one task: it cancels the task, waits for it, and hands out its result.
 *
 *     static int load(void *path)
 *     {
 *         struct table *table = table_read(path);
 *         scoped_set_result(table);
 *         return table != NULL ? 0 : scoped_fail(-EIO, "cannot read %s", (const char *)path);
 *     }
 *
 *     struct scoped_task_options options = { .name = "load" };
 *     error = scoped_start_leaf(scope, &options, load, path, &task);
 *     ...
 *     status = scoped_task_join(task, &table);       waits; table is what load() has left
 *
 * It does what a cancel sender and a done receiver do together (notify.h); those are for code that
 * gives the two to different owners. The object does not keep the task alive: the task ends with
 * its scope at the latest. The object may be used and freed after that, also after the whole tree
 * has ended.
 *
 * In a process that fork(2) made from the one that started the task, the functions return
 * PROCSPAWN_ENOTOWNER, or do nothing where they return nothing.
 */
#ifndef FORKSCOPE_TASK_H
#define FORKSCOPE_TASK_H

#include <forkscope/scope.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * One task. Any thread may use the object; one thread joins or frees it.
 *
 * Fork:   in a forked process the functions return PROCSPAWN_ENOTOWNER, or do nothing where they
 *         return nothing.
 */
struct scoped_task;

/* What differs for one start. All zero: nothing. */
struct scoped_task_options {
    const char *name;               /* copied, cut to 15 bytes; NULL: none */
    scoped_done_function *done;     /* called when the task has ended, also if it never ran */
};

/*
 * Spawns a child as scoped_spawn does. options (borrowed for the call, NULL: none) gives it a name:
 * it stands in the paths of failures, and the thread of the task has it too if that thread is the
 * library's. *ret_task is new, freed by scoped_task_join or scoped_task_free. ret_task may be NULL;
 * the task runs in its scope all the same. The leaf form is for tasks that spawn nothing; they are
 * cheaper.
 *
 * Returns 0 and sets *ret_task, or the errors of scoped_spawn. With an error neither the function
 * nor `done` is ever called.
 *
 * Safe:   the owner of the spawner.
 * Cancel: a cancellation point of tasks while a scope with max_tasks has no room; else none.
 * Source: JEP 505, StructuredTaskScope.fork and Subtask; AnyIO's TaskHandle.
 */
int scoped_start(scoped_spawner spawner, const struct scoped_task_options *options,
                 scoped_task_function *function, void *arg, struct scoped_task **ret_task);
int scoped_start_leaf(scoped_spawner spawner, const struct scoped_task_options *options,
                      scoped_leaf_function *function, void *arg, struct scoped_task **ret_task);

/*
 * Waits until the task is gone, and frees the object. That is taken, and *ret_result (ret_result
 * may be NULL) is set to what the task left by scoped_set_result; NULL if it left nothing.
 * scoped_task_join_until gives up at a point in time; a point that has passed already gives the
 * status of a task that is gone.
 *
 * Returns the status of the task: what its function returned, -ECANCELED when it was cancelled, or
 * SCOPED_EUNWOUND. Or, with the object still the caller's and *ret_result untouched,
 *   SCOPED_ERUNNING  the task is not gone: the point has passed, or the calling task was cancelled
 *                    where that is told by a return value (scoped_cancelled tells which). No task
 *                    has this status (scope.h)
 *   -EDEADLK         the calling task is the one to wait for, or below it, so no wait can end
 *   -EINVAL          until lies before the start of this process (limits.h)
 * Tasks may have the last two as their status; a caller that is not below the task, and whose point
 * comes from forkscope_after, knows that the object is freed then.
 *
 * Safe:   any thread, one at a time for each task. No other thread uses the object once the call
 *         has returned a status.
 * Cancel: a cancellation point of tasks. The object stays the caller's, who frees it in a clean-up
 *         handler or by scoped_defer.
 * Source: pthread_join(3); JEP 505, Subtask.get.
 */
int scoped_task_join(struct scoped_task *task, void **ret_result);
int scoped_task_join_until(struct scoped_task *task, int64_t until, void **ret_result);

/*
 * Cancels the task. Does not wait. A task whose function has returned, or that was cancelled
 * before, is left alone.
 *
 * Safe:   any thread, also while another one waits in scoped_task_join, as long as the object is
 *         not freed before the call returns.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, SignalSender.
 */
void scoped_task_cancel(struct scoped_task *task);

/*
 * Waits until the task has called scoped_notify_started: at most until a point in time.
 *
 * Returns 0, also when the task has ended since, or SCOPED_ENOTSTARTED, -ETIMEDOUT, -EINVAL,
 * -ECANCELED or -EDEADLK as scoped_done_receiver_wait_started_until (notify.h).
 *
 * Safe:   any thread, several at once.
 * Cancel: a cancellation point of tasks.
 * Source: Trio, Nursery.start.
 */
int scoped_task_wait_started_until(struct scoped_task *task, int64_t until);

/*
 * A descriptor that becomes readable when the task is gone. It is for loops around poll(2) or
 * epoll(7). Borrowed: it is closed with the object, and must not be read; asked for again it is the
 * same.
 *
 * Returns 0 and sets *ret_fd, or -EAGAIN, -ENOMEM or an errno of eventfd(2) as
 * scoped_done_receiver_fd (notify.h).
 *
 * Safe:   any thread, several at once.
 * Cancel: no cancellation point.
 * Source: own.
 */
int scoped_task_fd(struct scoped_task *task, int *ret_fd);

/*
 * Frees a task object (taken). The task is neither waited for nor cancelled: it ends by itself or
 * with its scope. NULL is fine.
 *
 * Safe:   any thread, one at a time for each task, while no other one uses the object.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, ForgettableSignalSender::forget.
 */
void scoped_task_free(struct scoped_task *task);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
