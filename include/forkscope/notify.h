/*
 * notify.h - how a task is asked to end, and how its end is reported
 *
 * Two signals connect a task with its spawner: *cancel* goes down, *done* comes up. The parent
 * holds a cancel sender and a done receiver. Both may be used and freed by any thread, at any time,
 * also after the task and its whole tree have ended.
 *
 *     struct scoped_parent_signals signals;
 *     scoped_spawn_with_signal(spawner, function, arg, NULL, &signals);
 *     scoped_cancel_sender_free(signals.cancel_sender);          the task is cancelled
 *     scoped_done_receiver_wait(signals.done_receiver);          its thread is gone
 *     scoped_done_receiver_free(signals.done_receiver);
 *
 * The parameter `until` is a point on CLOCK_MONOTONIC in nanoseconds; forkscope_after() (limits.h)
 * makes one. A point before the start of this process is refused with -EINVAL.
 */
#ifndef FORKSCOPE_NOTIFY_H
#define FORKSCOPE_NOTIFY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Cancels its task when it is freed, unless it is forgotten.
 *
 * Fork:   in a forked process to free or forget it does nothing.
 */
struct scoped_cancel_sender;

/*
 * Tells the end of its task.
 *
 * Fork:   in a forked process every use fails with PROCSPAWN_ENOTOWNER; to free it does nothing.
 */
struct scoped_done_receiver;

/* What scoped_spawn_with_signal hands out. Both are new and owned by the caller. */
struct scoped_parent_signals {
    struct scoped_cancel_sender *cancel_sender;
    struct scoped_done_receiver *done_receiver;
};

/*
 * Frees a sender (taken), which cancels its task. A task that has ended, or was cancelled before,
 * is left alone. Does not wait. NULL is fine.
 *
 * Safe:   any thread; one at a time for each sender.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, SignalSender: sends a signal when dropped.
 */
void scoped_cancel_sender_free(struct scoped_cancel_sender *sender);

/*
 * Frees a sender (taken) without cancelling; it never will. The task still ends with its parent.
 * NULL is fine.
 *
 * Safe:   any thread; one at a time for each sender.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, ForgettableSignalSender::forget.
 */
void scoped_cancel_sender_forget(struct scoped_cancel_sender *sender);

/*
 * Waits until the task is gone: all its phases are over, and with a thread per task, the thread has
 * been joined. Repeatable; once gone, it returns at once.
 *
 * Returns 0, or
 *   -ECANCELED  the calling task was cancelled, where that is told by a return value (scope.h)
 *   -EDEADLK    the calling task is the one to wait for, or below it, or is run by one of these
 *               (remote_scope_run)
 *
 * scoped_done_receiver_wait_until gives up at the point `until`: -ETIMEDOUT. A point that has
 * passed still tells 0 when the task is gone. A child of the calling task that no thread of its
 * executor has come to is run by the call, which may last longer (executor.h).
 *
 * Safe:   any thread, several at once, until the receiver is freed.
 * Cancel: a cancellation point of tasks; the wait can be repeated.
 * Source: scoped_spawn 0.2.1, SignalReceiver.
 */
int scoped_done_receiver_wait(struct scoped_done_receiver *receiver);
int scoped_done_receiver_wait_until(struct scoped_done_receiver *receiver, int64_t until);

/*
 * Whether the task is gone: 0, or -EAGAIN when not yet.
 *
 * Safe:   any thread, several at once, until the receiver is freed.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, SignalReceiver, a Future that is polled.
 */
int scoped_done_receiver_poll(struct scoped_done_receiver *receiver);

/*
 * A descriptor that becomes readable when the task is gone. It is for loops around poll(2) or
 * epoll(7). Borrowed: it is closed with the receiver, and must not be read; asked for again it is
 * the same. A thread of the library's, one for each tree, joins the task's thread then.
 *
 * Returns 0 and sets *ret_fd, or -EAGAIN when there is no thread, -ENOMEM, or an errno of
 * eventfd(2).
 *
 * Safe:   any thread, until the receiver is freed.
 * Cancel: no cancellation point.
 * Source: own; in scoped_spawn a done receiver is a future.
 */
int scoped_done_receiver_fd(struct scoped_done_receiver *receiver, int *ret_fd);

/*
 * Waits until the task reports that it has started (scoped_notify_started). If the task is a child
 * of the calling task and its executor, one of the user's, does not start it, the call runs it, and
 * returns when it has ended (executor.h).
 *
 * Returns 0, also when it has ended since, or
 *   SCOPED_ENOTSTARTED  it ended without having said so
 *   -ETIMEDOUT          at the point `until` it had not
 *   -EINVAL             until lies before the start of this process (limits.h)
 *   -ECANCELED, -EDEADLK  as for scoped_done_receiver_wait
 *
 * Safe:   any thread, several at once, until the receiver is freed.
 * Cancel: a cancellation point of tasks.
 * Source: Trio, Nursery.start.
 */
int scoped_done_receiver_wait_started_until(struct scoped_done_receiver *receiver, int64_t until);

/*
 * How the task ended, once it is gone: what its function returned, -ECANCELED when it was cancelled
 * before or while it ran, SCOPED_EUNWOUND when its function left by pthread_exit. Before that:
 * -EAGAIN and nothing else.
 *
 * Returns 0 and sets *ret_status, or -EAGAIN. scoped_done_receiver_result hands out what the task
 * left by scoped_set_result, NULL if nothing; its ownership is between the two tasks.
 *
 * Safe:   any thread, several at once, until the receiver is freed.
 * Cancel: no cancellation point.
 * Source: own; in scoped_spawn tasks have no result.
 */
int scoped_done_receiver_status(struct scoped_done_receiver *receiver, int *ret_status);
int scoped_done_receiver_result(struct scoped_done_receiver *receiver, void **ret_value);

/*
 * Frees a receiver (taken); the task is left alone. NULL is fine.
 *
 * Safe:   any thread; one at a time for each receiver, while no thread waits on it.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, where a receiver is dropped.
 */
void scoped_done_receiver_free(struct scoped_done_receiver *receiver);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
