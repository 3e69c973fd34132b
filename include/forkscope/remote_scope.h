/*
 * remote_scope.h - tasks on threads that the library did not start
 *
 * The low-level half of the thread library: everything that is needed to run a task, but not the
 * running. A spawner makes a task's signals. The thread that runs the task, which may be any,
 * passes them to remote_scope_run, which carries out all six phases there:
 *
 *     struct scoped_child_signals signals;
 *     remote_spawner_spawn_raw(spawner, &signals);             in the task that is the parent
 *     remote_scope_run(signals, function, arg, done);          in any thread
 *
 * Or it uses the signals itself: it stops when the cancel receiver reports a cancel, and frees the
 * done sender when it has ended, after all that it started. The parent does not end before.
 *
 * Cancelling such a task only asks (SCOPED_CANCEL_ASKS): its thread is not the library's.
 */
#ifndef FORKSCOPE_REMOTE_SCOPE_H
#define FORKSCOPE_REMOTE_SCOPE_H

#include <forkscope/scope.h>
#include <forkscope/notify.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Tells a task to end.
 *
 * Fork:   in a forked process every use fails with PROCSPAWN_ENOTOWNER, and
 *         scoped_cancel_receiver_poll returns true; to free it does nothing.
 */
struct scoped_cancel_receiver;

/*
 * Tells that a task has ended, when it is freed.
 *
 * Fork:   in a forked process it does nothing, and to free it does nothing.
 */
struct scoped_done_sender;

/*
 * The signals of a task that the library does not run. Both are new, owned by the caller, and may
 * be moved to any thread.
 *
 * Fork:   in a forked process the signals are not its own: PROCSPAWN_ENOTOWNER. It may run tasks
 *         without signals.
 */
struct scoped_child_signals {
    struct scoped_cancel_receiver *cancel_receiver;
    struct scoped_done_sender *done_sender;
};

/*
 * Makes the signals of a child of the task that owns `spawner`; with parent signals too, or
 * without. The parent waits, in its phase 4 or where it closes its scope, until the done sender is
 * freed.
 *
 * Returns 0 and sets the out-parameters, or as scoped_spawn.
 *
 * Safe:   the owner of the spawner.
 * Cancel: a cancellation point of tasks while a scope with a limit has no room; else none.
 * Source: scoped_spawn 0.2.1, RawScopedSpawn::spawn_raw and spawn_raw_with_signal.
 */
int remote_spawner_spawn_raw(scoped_spawner spawner, struct scoped_child_signals *ret_child);
int remote_spawner_spawn_raw_with_signal(scoped_spawner spawner,
                                         struct scoped_parent_signals *ret_parent,
                                         struct scoped_child_signals *ret_child);

/*
 * Runs a task on the calling thread: through all its phases, until it is gone. The signals are
 * taken. Without signals (both NULL) it is the root of a tree of its own, on the default executor.
 * The leaf form is for tasks without a spawner. `done` may be NULL.
 *
 * The task may be run inside another one. If it is a child of that one, or of a scope or root that
 * that one has opened, or a root of its own, it is cancelled with it, also when that one was
 * cancelled before; with cancellation off, or in a shield, it is not.
 *
 * Returns the task's status: what the function returned, -ECANCELED when it was cancelled before it
 * ran; or -ENOMEM, or -EINVAL for a function of NULL, when neither the function nor `done` was
 * called, and the done signal has been sent with this status.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point; the thread's cancellation is off until it returns.
 * Source: scoped_spawn 0.2.1, RemoteScope::wrap, and RemoteScope::spawner for what the task gets.
 */
int remote_scope_run(struct scoped_child_signals signals, scoped_task_function *function, void *arg,
                     scoped_done_function *done);
int remote_scope_run_leaf(struct scoped_child_signals signals, scoped_leaf_function *function,
                          void *arg, scoped_done_function *done);

/*
 * Whether the task has been cancelled; a wait for that, the second form at most until a point in
 * time; a descriptor that becomes readable then (borrowed until the receiver is freed; not to be
 * read).
 *
 * The waits return 0 when cancelled; -ETIMEDOUT; -ECANCELED as for every wait, when the calling
 * task was cancelled; -EINVAL for a point before the start of this process; or an errno of
 * eventfd(2). The descriptor: 0 or an errno of eventfd(2).
 *
 * Safe:   any thread, several at once, until the receiver is freed.
 * Cancel: the waits are cancellation points of tasks; the others are none.
 * Source: scoped_spawn 0.2.1, RemoteCancelReceiver, a Future that is polled.
 */
bool scoped_cancel_receiver_poll(struct scoped_cancel_receiver *receiver);
int scoped_cancel_receiver_wait(struct scoped_cancel_receiver *receiver);
int scoped_cancel_receiver_wait_until(struct scoped_cancel_receiver *receiver, int64_t until);
int scoped_cancel_receiver_fd(struct scoped_cancel_receiver *receiver, int *ret_fd);

/*
 * Frees a receiver (taken). NULL is fine.
 *
 * Safe:   any thread; one at a time for each receiver.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, where it is dropped.
 */
void scoped_cancel_receiver_free(struct scoped_cancel_receiver *receiver);

/*
 * Frees a done sender (taken), which sends the done signal: the task is gone. Its status is what
 * was set before, or 0. NULL is fine.
 *
 * Safe:   any thread; one at a time for each sender.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, RemoteDoneSender: sends a signal when dropped.
 */
void scoped_done_sender_set_status(struct scoped_done_sender *sender, int status);
void scoped_done_sender_free(struct scoped_done_sender *sender);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
