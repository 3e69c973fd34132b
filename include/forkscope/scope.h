/*
 * scope.h - tasks that form a tree
 *
 * A task is a function that runs on a thread of its own, or whatever an executor offers. It is
 * spawned through a spawner and gets one for its own children, so tasks form a tree, and no task
 * outlives its parent. The root of a tree is opened and closed by a thread:
 *
 *     static int greet(void *name)
 *     {
 *         return printf("hello, %s\n", (const char *)name) < 0 ? -EIO : 0;
 *     }
 *
 *     scoped_spawner root;
 *     scoped_spawner_open(NULL, &root);                              a thread per task
 *     scoped_spawn_leaf(root, greet, "world", NULL);
 *     scoped_spawner_close(root, SCOPED_FOREVER);                    cancels what still runs, waits
 *
 * How a task ends, in this order:
 *
 *   1. its function returns, or it is cancelled, whichever comes first;
 *   2. what it held is released: its clean-up handlers run;
 *   3. it cancels its children,
 *   4. and waits until they are gone;
 *   5. `done` is called, in the task's thread;
 *   6. the task signals done to its parent.
 *
 * Then it is *gone* as soon as its thread has been joined; everybody who waits for a task is told
 * at that point. On other executors it is gone at phase 6: nothing touches it from then on. A task
 * that is cancelled before it starts never runs its function; its `done` is called all the same.
 *
 * Cancellation. On the executors that come with the library a task is cancelled by pthread_cancel:
 * it ends in the next cancellation point of POSIX (read, poll, nanosleep, pthread_cond_wait and so
 * on) or of this library, and its clean-up handlers (pthread_cleanup_push) run; also the compiler's
 * cleanup attribute and destructors of C++, if compiled with -fexceptions. Cancellation is
 * deferred, never asynchronous. In C++ a cancellation point must not lie under a noexcept function
 * or a destructor, and catch (...) has to throw again: std::terminate is called otherwise. On
 * executors of the user's own a task is only asked: the library's waits return -ECANCELED.
 *
 * Cancelled system calls. glibc before 2.41 can cancel a call after it took effect: a descriptor
 * that open() or accept() just made is lost then. Switch cancellation off around such a call
 * (pthread_setcancelstate).
 *
 * Spawners are values. One may only be used by the task (or, for a root, by the thread) it was
 * given to. Any other use fails with a code of its own, and a hook hears of it.
 *
 * Times are nanoseconds on CLOCK_MONOTONIC. Functions return 0 or a negative value: a negative
 * errno value or one of the SCOPED_E* codes of error.h. Out-parameters (ret_*) are untouched on
 * failure.
 */
#ifndef FORKSCOPE_SCOPE_H
#define FORKSCOPE_SCOPE_H

#include <forkscope/executor.h>
#include <forkscope/signal.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* No deadline. */
#define SCOPED_FOREVER INT64_MAX

/*
 * The point in time so many nanoseconds from now, for every function that takes a deadline. Never
 * fails.
 */
int64_t scoped_deadline_in(int64_t nanoseconds);

/*
 * Names the owner of children. Copy it freely; using it is the owner's alone. {0, 0} names nobody.
 */
typedef struct scoped_spawner {
    uint32_t slot;
    uint32_t generation;
} scoped_spawner;

/*
 * A task's function: its own spawner, and the argument given at spawn (borrowed). What it returns
 * is its status: 0, or a negative value when it failed. The leaf form is for tasks that spawn
 * nothing; they are cheaper.
 */
typedef int scoped_task_function(scoped_spawner self, void *arg);
typedef int scoped_leaf_function(void *arg);

/*
 * Called in the task after all its children are gone, with the task's argument; always, exactly
 * once, also when the task never started. It cannot be cancelled, so it should be short; spawning
 * in it is refused with SCOPED_ECLOSED.
 */
typedef void scoped_done_function(void *arg);

/*
 * Opens the root of a new tree, whose tasks run on `executor` (borrowed until the root is closed;
 * NULL is scoped_thread_executor()). The root belongs to the calling thread, or to the calling
 * task, which closes it at its end at the latest.
 *
 * Returns 0 and sets *ret_root, or -ENOMEM.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, ScopedSpawner::new.
 */
int scoped_spawner_open(struct scoped_executor *executor, scoped_spawner *ret_root);

/*
 * Closes a root: cancels its tasks and waits until all are gone. Afterwards nothing of the tree is
 * left but the signals that are still held.
 *
 * Returns 0, or
 *   -ETIMEDOUT        at the deadline tasks were left; all are cancelled, the root is still open and
 *                     has to be closed again; what is spawned on it meanwhile is cancelled from the start
 *   -ECANCELED        as for every wait; the root is still open
 *   -EINVAL           this spawner is no root
 *   SCOPED_ESTALE, SCOPED_ENOTOWNER
 *
 * Safe:   the thread that opened the root.
 * Cancel: a cancellation point of tasks.
 * Source: own; in the seed a root is never waited for.
 */
int scoped_spawner_close(scoped_spawner root, int64_t deadline);

/*
 * Spawns a child of the task (or root) that owns `spawner`. The child may have run, and may be
 * gone, before the call returns. `done` may be NULL. The forms with a signal hand out a cancel
 * sender and a done receiver (signal.h), which the caller has to free or forget.
 *
 * Returns 0, or
 *   -ENOMEM           out of memory
 *   -EAGAIN           no thread can be had now; other values from an executor of the user's own
 *   SCOPED_ECLOSED    the owner is ending: its function has returned
 *   SCOPED_ESTALE     the owner has ended
 *   SCOPED_ENOTOWNER  the spawner belongs to another task or thread
 * With an error neither the function nor `done` is ever called.
 *
 * Safe:   the owner of the spawner.
 * Cancel: no cancellation point.
 * Source: scoped_spawn 0.2.1, ScopedSpawn::spawn, spawn_with_signal, spawn_future,
 *         spawn_future_with_signal.
 */
int scoped_spawn(scoped_spawner spawner, scoped_task_function *function, void *arg,
                 scoped_done_function *done);
int scoped_spawn_with_signal(scoped_spawner spawner, scoped_task_function *function, void *arg,
                             scoped_done_function *done, struct scoped_parent_signals *ret_signals);
int scoped_spawn_leaf(scoped_spawner spawner, scoped_leaf_function *function, void *arg,
                      scoped_done_function *done);
int scoped_spawn_leaf_with_signal(scoped_spawner spawner, scoped_leaf_function *function, void *arg,
                                  scoped_done_function *done,
                                  struct scoped_parent_signals *ret_signals);

/*
 * Leaves a value for who holds the done receiver of the calling task; a later call replaces it.
 *
 * Returns 0, or -EPERM outside of a task.
 *
 * Safe:   tasks.
 * Cancel: no cancellation point.
 * Source: own.
 */
int scoped_set_value(void *value);

/*
 * Cancels from inside: the calling task itself when `spawner` is its own, or all tasks of a root.
 * Does not wait; the calling task ends at its next cancellation point.
 *
 * Returns 0, SCOPED_ESTALE or SCOPED_ENOTOWNER.
 *
 * Safe:   the owner of the spawner.
 * Cancel: no cancellation point.
 * Source: Trio, CancelScope.cancel.
 */
int scoped_cancel(scoped_spawner spawner);

/*
 * Whether the calling task has been cancelled, or asked to end; false outside of tasks. Never
 * waits.
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
 * A descriptor that becomes readable when the calling task is cancelled, for loops around poll(2)
 * or epoll(7). Borrowed: it belongs to the task, is closed with it, and must not be read.
 *
 * Returns 0 and sets *ret_fd, -EPERM outside of a task, or an errno of eventfd(2).
 *
 * Safe:   tasks.
 * Cancel: no cancellation point.
 * Source: own; the seed's cancel receiver is a future.
 */
int scoped_cancel_fd(int *ret_fd);

/*
 * Waits until a descriptor has one of `events` (POLLIN and so on, poll(2)), or until a point in
 * time.
 *
 * Returns 0, or
 *   -ETIMEDOUT  the deadline has passed
 *   -ECANCELED  as for every wait
 *   or another errno of poll(2)
 *
 * Safe:   any thread.
 * Cancel: a cancellation point of tasks.
 * Source: libdill's fdin and fdout.
 */
int scoped_wait_fd(int fd, short events, int64_t deadline);

/*
 * Sleeps until a point in time. Returns 0, or -ECANCELED as every wait.
 *
 * Safe:   any thread.
 * Cancel: a cancellation point of tasks.
 * Source: libdill's msleep.
 */
int scoped_sleep_until(int64_t deadline);

/*
 * Hears of misuse: `error` is SCOPED_ESTALE or SCOPED_ENOTOWNER, `spawner` what was used. It is
 * called in the thread that misused it, before the error is returned, and may abort(). NULL is
 * nobody. The last one set counts, for the whole process.
 */
typedef void scoped_misuse_hook(int error, scoped_spawner spawner);

/*
 * Sets the hook and returns the one before.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: the seed's assertions on the owner of a spawner, which exist in debug builds only.
 */
scoped_misuse_hook *scoped_set_misuse_hook(scoped_misuse_hook *hook);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
