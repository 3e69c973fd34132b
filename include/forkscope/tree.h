/*
 * tree.h - processes in the tree of tasks
 *
 * A process can be a child of a task or of a scope, as a thread can: it ends with its parent at the
 * latest, cancelling the parent ends it, and the parent is not reported gone before the process and
 * everything that it started has been reaped. Its failure is the failure of a child.
 *
 *     scoped_spawner_open(NULL, &root);
 *     scoped_procspawn(root, NULL, parse, argument, &call);
 *     procspawn_join(call, &result, &error);
 *     procspawn_handle_free(call);
 *     scoped_cancel_close(root, SCOPED_FOREVER, NULL);      no thread and no process is left
 *
 * A process is ended in three steps: it is asked by SIGTERM, has a grace, and is killed with its
 * whole group. In the process the tree goes on: procspawn_scope_root() gives a root for tasks of
 * its own, which end before its result is sent.
 *
 * Fork:   not for processes that a called function has forked.
 */
#ifndef FORKSCOPE_TREE_H
#define FORKSCOPE_TREE_H

#include <forkscope/call.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Calls function(argument) in a process that is a child of a task or scope: of the owner of
 * spawner. builder (borrowed, may be NULL) says how it differs from the caller, and its grace. The
 * handle is as any other; it may be freed at once, and ret_handle may be NULL: then the call goes
 * on in its scope. Joining and waiting are cancellation points of the calling task. The form with a
 * signal hands out a cancel sender and a done receiver (notify.h) as well; done is said when the
 * process has been reaped.
 *
 * The process is watched by a leaf task of its own, which runs on the executor of the spawner and
 * has the name of the builder. Its status is 0 when the function returned a value, PROCSPAWN_ECALL
 * when the call failed, -ECANCELED when it was cancelled, and -ENOMEM when for a second there was
 * no memory for the value; the value is not lost then, and can be joined later. So it counts in the
 * policy of its scope, whose time limit ends it, and whose grace is the process's if the builder
 * has none.
 *
 * Returns 0, or what scoped_spawn_leaf (scope.h) or procspawn_builder_spawn (procspawn.h) return;
 * then no process is left.
 *
 * Safe:   the owner of the spawner.
 * Cancel: a cancellation point of tasks while a scope with a limit has no room, before anything was
 *         started; none after.
 * Source: own.
 */
int scoped_procspawn(scoped_spawner spawner, procspawn_builder *builder,
                     procspawn_function *function, json_t *argument,
                     procspawn_handle **ret_handle);
int scoped_procspawn_with_signal(scoped_spawner spawner, procspawn_builder *builder,
                                 procspawn_function *function, json_t *argument,
                                 procspawn_handle **ret_handle,
                                 struct scoped_parent_signals *ret_signals);

/*
 * procspawn_call() (call.h) as a child of the owner of spawner: the process ends with its scope.
 * The scope counts it as a task, so its failure counts in the policy of the scope, and is also
 * given here. For limits, output and pools there is procspawn_call_with(), whose options name the
 * scope.
 *
 * Returns and gives what procspawn_call() does; for a call that cannot be made the code is what
 * scoped_procspawn() returns.
 *
 * Safe:   the owner of the spawner.
 * Cancel: a cancellation point of tasks; the call is killed.
 * Source: own.
 */
int scoped_procspawn_call(scoped_spawner spawner, procspawn_function *function, json_t *argument,
                          json_t **ret_result, procspawn_error **ret_error);

/*
 * The error of the process behind a failure of a scope (policy.h). So it is known also when no
 * handle was kept. Of a pool that has failed it is what procspawn_pool_failure gives. Borrowed,
 * valid as long as the failure. The failure's message is that of the error.
 *
 * Returns NULL if the failure is that of a task, or if there was no memory to keep the error.
 *
 * An error with a backtrace takes about 100 KiB. A scope that never ends should discard its
 * failures (scoped_options); its on_failure function has the error all the same.
 *
 * Safe:   any thread, while the failure is valid.
 * Cancel: no cancellation point.
 * Source: Trio, whose exception groups carry the exceptions.
 */
const procspawn_error *procspawn_failure_error(const struct scoped_failure *failure);

/*
 * A pool (pool.h) that is a child of a task or scope: of the owner of spawner. builder (borrowed)
 * describes the pool. When the scope is cancelled the pool takes no more calls, those that run have
 * the grace of the scope, and what is left then is killed; the scope is not reported gone before
 * all workers are. A pool that has ended before - by procspawn_pool_shutdown, kill or free - delays
 * nothing; one that has failed (procspawn_pool_failure) is a child that failed with
 * PROCSPAWN_EPOOL. The caller owns the memory and calls procspawn_pool_free after the last use,
 * before or after the end of the scope.
 *
 * Returns 0 and sets *ret_pool, or what scoped_spawn_leaf (scope.h) or procspawn_pool_builder_build
 * return; then no worker is left.
 *
 * Safe:   the owner of the spawner. The pool may be used by any task.
 * Cancel: a cancellation point of tasks while a scope with a limit has no room, before anything was
 *         started; none after.
 * Source: own.
 */
int scoped_procspawn_pool(scoped_spawner spawner, const procspawn_pool_builder *builder,
                          procspawn_pool **ret_pool);

/*
 * The root of the tasks of a called function's process. It is there for the function and no longer:
 * before its result is sent, the tasks are cancelled, and waited for. It is not to be closed.
 *
 * Returns 0 and sets *ret_root, -ENOMEM, or -EPERM outside of a called function.
 *
 * Safe:   the main thread of a child.
 * Cancel: no cancellation point.
 * Source: own.
 */
int procspawn_scope_root(scoped_spawner *ret_root);

/*
 * A descriptor that tells a called function to end. It becomes readable when the process is asked
 * to end, and is for functions that clean up before they go. From the first call on SIGTERM does
 * not end the process any more; the grace (procspawn_builder_grace) bounds what is left. Borrowed,
 * for poll(2) and epoll(7).
 *
 * Returns 0 and sets *ret_fd, -EPERM outside of a called function, or an errno of signalfd(2).
 *
 * Safe:   the main thread of a child, before it has others.
 * Cancel: no cancellation point.
 * Source: signalfd(2).
 */
int procspawn_end_fd(int *ret_fd);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
