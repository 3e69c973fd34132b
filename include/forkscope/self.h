/*
 * self.h - what a task asks, says, holds and waits for itself
 *
 * The functions of this header are about the calling task and take no spawner. So they can be used
 * at any depth of a task's code:
 *
 *     static int copy(struct job *job)
 *     {
 *         int error = scoped_acquire(open_file, job->path, close_file, &job->fd);
 *         if (error < 0)
 *             return scoped_fail(error, "cannot open %s", job->path);
 *         while (error == 0 && !job->done) {
 *             error = scoped_wait_fd_until((int)job->fd, POLLIN, SCOPED_FOREVER);
 *             ...
 *         }
 *         return error;
 *     }
 *
 * What cancelling means, and what a cancellation point is, stands in scope.h, which brings this
 * header. Out-parameters (ret_*) are untouched on failure.
 *
 * Fork:   in a forked process the thread is in no task, and the functions do what they do outside
 *         of tasks.
 */
#ifndef FORKSCOPE_SELF_H
#define FORKSCOPE_SELF_H

#include <forkscope/limits.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---------------------------------------------------------------------------------------------
 * What a task can ask
 */

/*
 * The point in time at which the calling task will be cancelled: by the nearest time limit of a
 * scope around it. SCOPED_FOREVER if never, and outside of tasks.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: Trio, current_effective_deadline.
 */
int64_t scoped_ends_at(void);

/*
 * The value that the nearest scope around the calling task binds to `key`; NULL if none does, and
 * outside of tasks.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: JEP 506, ScopedValue.
 */
void *scoped_lookup(const void *key);

/*
 * Whether the calling task has been cancelled, or asked to end; false outside of tasks. Never
 * waits.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: Trio, CancelScope.cancel_called.
 */
bool scoped_cancelled(void);

/*
 * A cancellation point and nothing else, for loops that have none: a cancelled task ends here.
 *
 * Returns 0, or -ECANCELED in a task that is only asked (executors of the user's own).
 *
 * Safe:   any thread; 0 outside of tasks.
 * Cancel: a cancellation point of tasks.
 * Source: Trio, checkpoint.
 */
int scoped_checkpoint(void);

/*
 * A descriptor that becomes readable when the calling task is cancelled. It is for loops around
 * poll(2) or epoll(7). Borrowed: it belongs to the task, is closed with it, and must not be read.
 *
 * Returns 0 and sets *ret_fd, -EPERM outside of a task, or an errno of eventfd(2).
 *
 * Safe:   tasks.
 * Cancel: no cancellation point.
 * Source: own; in scoped_spawn a cancel receiver is a future.
 */
int scoped_cancel_fd(int *ret_fd);

/* ---------------------------------------------------------------------------------------------
 * What it says
 */

/*
 * Names the calling task (copied, cut to 15 bytes). If the thread is of an executor of the library,
 * it has the name until the task ends. The thread of a task that the program runs itself
 * (remote_scope.h), or runs by its own executor, keeps its name.
 *
 * Returns 0, or -EPERM outside of a task.
 *
 * Safe:   tasks.
 * Cancel: no cancellation point.
 * Source: pthread_setname_np(3).
 */
int scoped_set_name(const char *name);

/*
 * Reports that the calling task is ready: ends the waits of scoped_done_receiver_wait_started_until
 * (notify.h).
 *
 * Returns 0, or -EPERM outside of a task.
 *
 * Safe:   tasks.
 * Cancel: no cancellation point.
 * Source: Trio, task_status.started.
 */
int scoped_notify_started(void);

/*
 * Sets the value that the done receiver of the calling task returns; a later call replaces it.
 *
 * Returns 0, or -EPERM outside of a task.
 *
 * Safe:   tasks.
 * Cancel: no cancellation point.
 * Source: own.
 */
int scoped_set_result(void *value);

/*
 * Keeps a message for the failure of the calling task. status is negative, and comes back:
 *
 *     return scoped_fail(-EPROTO, "line %u: no colon", line);
 *
 * The message stands in the failure that is reported for the task (policy.h), if the task fails
 * with this status; a later call replaces it. It is cut to 1,023 bytes. Without memory the message
 * is lost, not the status.
 *
 * Returns status, also outside of tasks, where nothing is kept.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: own; errors of Go and Rust carry a text.
 */
int scoped_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---------------------------------------------------------------------------------------------
 * What it holds until its end
 */

/*
 * Runs `function(arg)` when the calling task ends, however it ends. That is before its children are
 * cancelled; the last one registered runs first. It cannot be cancelled then.
 *
 * Returns 0, -ENOMEM (it will not be called), or -EPERM outside of a task.
 *
 * Safe:   tasks.
 * Cancel: no cancellation point.
 * Source: Go's defer, for tasks.
 */
int scoped_defer(void (*function)(void *arg), void *arg);

/*
 * Acquires something and registers its release, in one step. No cancel comes in between.
 * acquire(arg) gives what it got, 0 or more, or a negative errno value; release gets it back when
 * the task ends, or at scoped_release. Cancelling interrupts neither, not even in a wait of the
 * library's: let them not wait for long, or wait before by scoped_wait_fd_until.
 *
 *     static intptr_t open_file(void *path)
 *     {
 *         int fd = open(path, O_RDONLY | O_CLOEXEC);
 *         return fd < 0 ? -errno : fd;
 *     }
 *
 *     static void close_file(intptr_t fd)
 *     {
 *         close((int)fd);
 *     }
 *
 *     error = scoped_acquire(open_file, "/etc/hostname", close_file, &fd);
 *     scoped_release(fd, close_file);
 *
 * Returns 0 and sets *ret_resource, or
 *   -ENOMEM     acquire has not been called
 *   -EPERM      outside of a task
 *   -ECANCELED  as for every wait; acquire has not been called
 *   other       what acquire returned
 * scoped_release returns 0, -ENOENT when the calling task holds no such resource, or -EPERM.
 *
 * Safe:   tasks.
 * Cancel: scoped_acquire is a cancellation point of tasks, before it acquires. scoped_release is
 *         none.
 * Source: glibc bug 12683, which loses what a cancelled system call acquired.
 */
typedef intptr_t scoped_acquire_function(void *arg);
typedef void scoped_release_function(intptr_t resource);
int scoped_acquire(scoped_acquire_function *acquire, void *arg, scoped_release_function *release,
                   intptr_t *ret_resource);
int scoped_release(intptr_t resource, scoped_release_function *release);

/* A section that cancelling does not reach; the caller's memory, its content is the library's. */
struct scoped_shield {
    int64_t outer;
};

/*
 * Shields the calling task from being cancelled. The shield lasts until scoped_shield_end, or until
 * the point `until` if that comes first: a cancel takes effect only then. A cancel that came before
 * has its effect at the beginning of the shield. Shields nest; the nearer point counts.
 *
 * Begin returns 0, or
 *   -ECANCELED  the task is cancelled already, where that is told by a return value
 *   -EPERM      outside of a task
 *   -EINVAL     until is SCOPED_FOREVER, or lies before the start of this process
 *   -EAGAIN     no thread for the point in time
 *   -ENOMEM     no memory
 * End returns 0, or -ECANCELED as for every wait.
 *
 * Safe:   tasks, in pairs on the same thread.
 * Cancel: both are cancellation points of tasks; nothing in between is one before that point.
 * Source: Trio, CancelScope(shield=True), with a bound.
 */
int scoped_shield_begin_until(int64_t until, struct scoped_shield *ret_shield);
int scoped_shield_end(struct scoped_shield *shield);

/* ---------------------------------------------------------------------------------------------
 * What it waits for
 */

/*
 * Waits for a descriptor, or until a point in time. The descriptor is waited for until it has one
 * of `events` (POLLIN and so on, poll(2)), an error or a hang-up.
 *
 * Returns 0, or
 *   -ETIMEDOUT  the point in time has passed
 *   -ECANCELED  as for every wait
 *   -EINVAL     the point lies before the start of this process
 *   -EBADF      the descriptor is not open
 *   -errno      of poll(2); in a task also of eventfd(2), for what tells it of a cancel
 *
 * Safe:   any thread.
 * Cancel: a cancellation point of tasks.
 * Source: libdill's fdin and fdout.
 */
int scoped_wait_fd_until(int fd, short events, int64_t until);

/*
 * Sleeps until a point in time, or for a length of time. Return 0, or -ECANCELED as for every wait,
 * or -EINVAL for a point before the start of this process.
 *
 * Safe:   any thread.
 * Cancel: a cancellation point of tasks.
 * Source: libdill's msleep.
 */
int scoped_sleep_until(int64_t until);
int scoped_sleep(int64_t length);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
