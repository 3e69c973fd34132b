/*
 * scope.h - tasks that form a tree
 *
 * A task is a function that runs in a thread of its own, or where an executor runs it. It is
 * spawned through a spawner and gets a spawner for its own children. So tasks form a tree, and no
 * task outlives its parent.
 *
 * The shortest way into a tree is scoped_run(). It runs a function as a task, waits until the
 * function and all that it spawned have ended, and returns how it went:
 *
 *     static int greet(void *name)
 *     {
 *         return printf("hello, %s\n", (const char *)name) < 0 ? -EIO : 0;
 *     }
 *
 *     static int body(scoped_spawner scope, void *arg)
 *     {
 *         (void)arg;
 *         scoped_spawn_leaf(scope, greet, "world", NULL);
 *         return scoped_spawn_leaf(scope, greet, "moon", NULL);
 *     }
 *
 *     error = scoped_run(NULL, body, NULL, NULL);        prints both lines, in any order
 *
 * Its options give all of this a time limit, the body included; a largest number of tasks at the
 * same time; signals that end it; a policy for failures.
 *
 * A program with a main loop of its own opens a root and closes it:
 *
 *     scoped_spawner_open(NULL, &root);
 *     scoped_spawn_leaf(root, greet, "world", NULL);
 *     scoped_close(root, SCOPED_FOREVER, NULL);          waits until greet() has returned
 *
 * scoped_close() waits until the tasks have ended by themselves. scoped_cancel_close() cancels them
 * first. Both return when all are gone.
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
 * Then it is *gone* as soon as its thread has been joined; all waits for the task end at that
 * point. On other executors it is gone at phase 6: nothing touches it from then on. A task that is
 * cancelled before it starts never runs its function; its `done` is called all the same.
 *
 * Cancellation. On the executors that come with the library a task is cancelled by pthread_cancel:
 * it ends in the next cancellation point of POSIX (read, poll, nanosleep, pthread_cond_wait and so
 * on) or of this library, and its clean-up handlers (pthread_cleanup_push) run; also the compiler's
 * cleanup attribute and destructors of C++, if compiled with -fexceptions. Cancellation is
 * deferred, never asynchronous. In C++ a cancellation point must not lie under a noexcept function
 * or a destructor, and catch (...) has to throw again: std::terminate is called otherwise. An
 * exception must not leave a task's function, nor any other that the library calls. On executors of
 * the user's own a task is only asked: the library's waits return -ECANCELED.
 *
 * pthread_cancel sends a signal. It fails when the user's processes have as many signals pending as
 * RLIMIT_SIGPENDING allows. Then it is repeated until it succeeds, by the thread that handles time
 * limits (scoped_scope_open), or, if that cannot be started, by the next close. The library's
 * own waits are cut short in any case.
 *
 * A task is cancelled once. In the clean-up handlers of a task that is being unwound, in what it
 * deferred and in `done`, nothing is cut short: the library's waits there wait, as the cancellation
 * points of POSIX do. The same holds in each function of the user's that the library calls on the
 * way: acquire and release, an executor's execute, a policy's functions, failure functions, the
 * misuse hook. None of these may leave by pthread_exit.
 *
 * Cancelled system calls. glibc before 2.41 can cancel a call after it took effect: a descriptor
 * that open() or accept() just made is lost then. scoped_acquire runs such a call so that nothing
 * is lost, and the mode SCOPED_CANCEL_WAITS cancels in the library's own waits only, which lose
 * nothing.
 *
 * Spawners are values. A spawner may only be used by the task (or, for a root, by the thread) it
 * was given to. Any other use fails with a code of its own, and the misuse hook is called.
 *
 * Processes. A tree belongs to the process that opened it. In a process that was forked the thread
 * is in no task and has opened nothing, though it may open roots of its own. There every use of
 * what was opened before (spawners, signals, remote scopes, a cached executor) fails with
 * PROCSPAWN_ENOTOWNER, freeing a signal does nothing, scoped_cancel_receiver_poll returns true, and
 * the owner is not affected. A process that was forked in a task ends by _exit(2) or execve(2): it
 * must not return from the task's function.
 *
 * What a task asks, says, holds and waits for itself has a header of its own, self.h, which this
 * one brings.
 *
 * Times are nanoseconds. A name with _until, and the parameter `until`, mean a point on
 * CLOCK_MONOTONIC, which forkscope_after() makes; _limit and _grace mean a length (limits.h). A
 * point that lies before the start of this process is refused with -EINVAL. Functions return 0 or a
 * negative value: a negative errno value or one of the SCOPED_E* codes of error.h. Out-parameters
 * (ret_*) are untouched on failure.
 *
 * Fork:   in a forked process the thread is in no task, and may open roots of its own.
 */
#ifndef FORKSCOPE_SCOPE_H
#define FORKSCOPE_SCOPE_H

#include <forkscope/executor.h>
#include <forkscope/limits.h>
#include <forkscope/notify.h>
#include <forkscope/policy.h>
#include <forkscope/self.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Names the owner of children. It may be copied freely; only the owner may use it. {0, 0} is no
 * spawner.
 *
 * Fork:   in a forked process every use fails with PROCSPAWN_ENOTOWNER; roots that it opens itself
 *         are its own.
 */
typedef struct scoped_spawner {
    uint32_t slot;
    uint32_t generation;
} scoped_spawner;

/*
 * A task's function: its own spawner, and the argument given at spawn (borrowed). What it returns
 * is its status: 0, or a negative value when it failed. SCOPED_ERUNNING, the answer of a wait that
 * is not over, is no status: it is replaced by -ECANCELED if the task was cancelled, and by
 * -ETIMEDOUT if not. The leaf form is for tasks that spawn nothing; they are cheaper.
 */
typedef int scoped_task_function(scoped_spawner self, void *arg);
typedef int scoped_leaf_function(void *arg);

/*
 * Called in the task after all its children are gone, with the task's argument; always, exactly
 * once, also when the task never started. It cannot be cancelled, so it should be short; spawning
 * in it is refused with SCOPED_ECLOSED, but for a root that it opens itself. What it defers,
 * acquires or opens ends when it has returned.
 */
typedef void scoped_done_function(void *arg);

/*
 * Opens the root of a new tree. Its tasks run on `executor` (borrowed until the root is closed;
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

/* What cancelling does to the tasks of a scope. */
enum scoped_cancel_mode {
    SCOPED_CANCEL_INHERITED,    /* as in the scope around; in a root, by force */
    SCOPED_CANCEL_FORCED,       /* any cancellation point, of POSIX or the library, ends the task */
    SCOPED_CANCEL_WAITS,        /* only those of the library do: their Cancel line says so */
    SCOPED_CANCEL_ASKS          /* none does: they return -ECANCELED, again and again */
};

/* A value that tasks below can look up. The key is any address; arrays end with a key of NULL. */
struct scoped_binding {
    const void *key;
    void *value;
};

/* Options of a scope. All zero: everything is as in the scope around. */
struct scoped_options {
    const char *name;                   /* copied, cut to 15 bytes */
    struct scoped_executor *executor;   /* borrowed until the scope is closed */
    const struct scoped_policy *policy; /* borrowed until it is closed; NULL: scoped_collect */
    enum scoped_cancel_mode cancel;     /* on executors of the user's own always ASKS */
    int64_t time_limit;                 /* a length, from the opening on; 0: none */
    int64_t until;                      /* a point; 0: none. The earlier of both counts */
    int64_t grace;                      /* a length, between asking and forcing; 0: as around */
    unsigned max_tasks;                 /* that run at the same time; 0: any number */
    bool discard;                       /* keep no list of failures: for scopes that never end */
    const int *signals;                 /* scoped_run: each of them cancels the scope; the list ends
                                         * with 0. NULL: none. Other functions ignore it */
    const struct scoped_binding *bindings;  /* borrowed until the scope is closed */
    scoped_failure_function *on_failure;    /* for failures here and below; NULL: as around */
    void *on_failure_arg;
};

/*
 * Runs `body` as a task, in a scope, until all tasks of the scope are gone. The spawner that body
 * gets is that of the scope: its tasks go on when body has returned, and are waited for. The
 * options (borrowed; NULL: none) hold for body too: it is ended like every other task at the time
 * limit, and when the scope is cancelled. So this is also the way to bound a piece of one's own
 * code in time. `arg` may lie on the caller's stack.
 *
 * Called from a task, the scope is a child of that task; else it is a tree of its own, also where a
 * task is ending (`done`, deferred functions).
 *
 * Body does not count against max_tasks, and its success is not told to the policy: with
 * scoped_first_success the others go on. Its failure counts like that of any task. In the outcome
 * it is one of the tasks; `result` is body's if no other task succeeded. Body may not close the
 * scope (-EINVAL); what it opens in it is cancelled at its end.
 *
 * Signals. Those in options->signals are blocked in the calling thread, and so in all threads that
 * it starts, until the call returns. The first that is sent to the process cancels the scope, with
 * its grace. Each later one has its default action, so that a second Ctrl-C ends the program. The
 * program's other threads must have them blocked too, threads that an executor keeps among them;
 * one scoped_run at a time may have a signal. What is sent to a single thread (raise,
 * pthread_kill) stays pending there. They are taken by a thread of the library's.
 *
 * Returns ret_outcome->status: 0; or the failure that the policy chose, body's among them; or
 * -ETIME when the time limit has cut tasks short; or -ECANCELED when tasks were cut short and the
 * cause was neither the limit nor the policy: a signal, a cancel of the scope, of the caller or of
 * a single task; also with scoped_first_success when no task but body has succeeded, and none
 * failed. ret_outcome (may be NULL; freed by scoped_outcome_fini) is filled. Or, with ret_outcome
 * untouched and body not called,
 *   -ENOMEM, -EAGAIN  no memory or thread could be had; other values from an executor of the user's
 *   -EINVAL           body is NULL; time_limit or grace is negative; until lies before the start of
 *                     this process; one of the signals does not exist, or cannot be blocked
 *
 * Safe:   any thread.
 * Cancel: a cancellation point of tasks: all tasks are cancelled, and waited for, before the caller
 *         ends; an outcome that the caller does not live to see is freed.
 * Source: Trio: run, open_nursery, move_on_after, open_signal_receiver.
 */
int scoped_run(const struct scoped_options *options, scoped_task_function *body, void *arg,
               struct scoped_outcome *ret_outcome);

/*
 * Opens a root with options. It is as that of scoped_spawner_open; options is borrowed, and NULL
 * means none. A root lives long, so it keeps no list of failures: its outcome has their number.
 *
 * Returns 0 and sets *ret_root, or -ENOMEM, or
 *   -EINVAL  time_limit or grace is negative, or until lies before the start of this process
 *   -EAGAIN  no thread for the time limit
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: own.
 */
int scoped_spawner_open_with(const struct scoped_options *options, scoped_spawner *ret_root);

/*
 * Opens a scope in the calling task: children that can be waited for together, while the task goes
 * on. `options` is borrowed for the call.
 *
 * Time limit and grace. At the end of the time all tasks of the scope are cancelled. The calling
 * task is not; scoped_run() is for that. The limit is inherited: a scope further down never ends
 * later, and its outcome reports those of its own tasks that the limit cut short. A grace time
 * divides cancelling into two steps: tasks are asked at first (scoped_cancelled, the descriptor of
 * scoped_cancel_fd, waits that return -ECANCELED), and forced when the time is over. Both need a
 * thread of the library's, one for each tree, from the first such scope until the root is closed.
 *
 * Room. In a scope with max_tasks, spawning waits while that number of tasks runs, and is a
 * cancellation point then.
 *
 * Returns 0 and sets *ret_scope, or
 *   -EINVAL          time_limit or grace is negative, or until lies before the start of this
 *                    process: most likely it is a length, which belongs in time_limit
 *   -ENOMEM          out of memory
 *   -EAGAIN          no thread for the time limit or the grace
 *   SCOPED_ECLOSED, SCOPED_ESTALE, SCOPED_ENOTOWNER   as for scoped_spawn
 *
 * Safe:   the owner of the spawner, which becomes the scope's owner.
 * Cancel: no cancellation point.
 * Source: Trio's nurseries and cancel scopes; JEP 505, StructuredTaskScope.open.
 */
int scoped_scope_open(scoped_spawner spawner, const struct scoped_options *options,
                      scoped_spawner *ret_scope);

/*
 * Close a scope or a root, and tell how it went. scoped_close waits until the tasks have ended by
 * themselves; scoped_cancel_close cancels them first, and closes the scopes that are still open
 * inside, too. Afterwards nothing of it is left but the signals that are still held. A scope that
 * is still open when its task ends is cancelled with it, and its outcome is lost. On an executor of
 * the user's the call runs tasks that the executor has not started, and may last beyond `until`
 * (executor.h).
 *
 * Return ret_outcome->status, as the policy says, and fill *ret_outcome (may be NULL; freed by
 * scoped_outcome_fini). With the policies of the library that is 0, or the first failure, or -ETIME
 * (policy.h). That tasks were cancelled, by this call or before, is no failure: the outcome has
 * their number. The outcome of a root has no list of failures; `omitted` is their number.
 * With ret_outcome untouched and the scope still open, they return
 *   SCOPED_ERUNNING  tasks are left: the point `until` has passed, or the caller was cancelled
 *                    (scoped_cancelled tells). scoped_cancel_close has cancelled all of them, and
 *                    what is spawned from then on is cancelled at once. Close it again
 *   SCOPED_EOPEN     scoped_close: another scope is open inside
 *   -EINVAL          this spawner is that of a task, which ends when its function returns; or
 *                    `until` lies before the start of this process
 *   SCOPED_ESTALE, SCOPED_ENOTOWNER
 * So no status of a task is mistaken for a scope that is still open.
 *
 * Safe:   the owner of the scope; for a root the thread that opened it.
 * Cancel: a cancellation point of tasks.
 * Source: Trio, the end of a nursery's block; JEP 505, StructuredTaskScope.join and close.
 */
int scoped_close(scoped_spawner spawner, int64_t until, struct scoped_outcome *ret_outcome);
int scoped_cancel_close(scoped_spawner spawner, int64_t until, struct scoped_outcome *ret_outcome);

/*
 * Room in a scope with max_tasks. The wait lasts until one more task can be spawned without
 * waiting. The descriptor is readable while that is so, for loops around poll(2) or epoll(7) that
 * wait for a connection, a signal and room at the same time. It is borrowed: it is closed with the
 * scope, and must not be read. A thread of the library's, one for each tree, joins the tasks'
 * threads then. Without max_tasks there is always room.
 *
 * The wait returns 0, -ETIMEDOUT, -ECANCELED as for every wait, or -EINVAL for a point before the
 * start of this process. scoped_scope_room_fd returns 0 and sets *ret_fd, or -EINVAL for the
 * spawner of a task, -EAGAIN when there is no thread, -ENOMEM, or an errno of eventfd(2). Both
 * SCOPED_ESTALE, SCOPED_ENOTOWNER.
 *
 * Safe:   the owner of the scope.
 * Cancel: the wait is a cancellation point of tasks while there is no room; else none.
 * Source: sem_timedwait(3).
 */
int scoped_scope_wait_room_until(scoped_spawner scope, int64_t until);
int scoped_scope_room_fd(scoped_spawner scope, int *ret_fd);

/*
 * A sender that cancels the tasks of a scope or root, or the calling task: all of the one, or the
 * other when the spawner is its own. It can be used by any thread, also when the scope is closed.
 * New.
 *
 * Returns 0 and sets *ret_sender, SCOPED_ESTALE or SCOPED_ENOTOWNER.
 *
 * Safe:   the owner of the spawner.
 * Cancel: no cancellation point.
 * Source: own.
 */
int scoped_cancel_sender_new(scoped_spawner spawner, struct scoped_cancel_sender **ret_sender);

/*
 * Spawns a child of the task (or root) that owns `spawner`. The child may have run, and may be
 * gone, before the call returns. `done` may be NULL. The forms with a signal hand out a cancel
 * sender and a done receiver (notify.h), which the caller has to free or forget. In a scope with
 * max_tasks the call waits for room; scoped_scope_wait_room_until does so until a point in time,
 * and what the owner spawns next does not wait then. That holds for whatever makes a child
 * (remote_scope.h, tree.h).
 *
 * Returns 0, or
 *   -ENOMEM           out of memory
 *   -EAGAIN           no thread can be had now; other values from an executor of the user's own
 *   SCOPED_ECLOSED    the owner is ending: its function has returned; also for scopes and roots
 *                     that it has left open
 *   -EINVAL           the function is NULL
 *   SCOPED_ESTALE     the owner has ended
 *   SCOPED_ENOTOWNER  the spawner belongs to another task or thread
 *   -ECANCELED        as for every wait; in a scope with max_tasks only
 * With an error neither the function nor `done` is ever called.
 *
 * Safe:   the owner of the spawner.
 * Cancel: a cancellation point of tasks while a scope with max_tasks has no room; else none.
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
 * Called for misuse: `error` is SCOPED_ESTALE, SCOPED_ENOTOWNER or PROCSPAWN_ENOTOWNER, `spawner`
 * what was used. It is called in the thread that misused it, before the error is returned, and may
 * abort(). NULL: no hook. There is one hook for the whole process, the last one set.
 */
typedef void scoped_misuse_hook(int error, scoped_spawner spawner);

/*
 * Sets the hook for misuse, and gives the one before.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: scoped_spawn's assertions on the owner of a spawner, in debug builds only.
 */
scoped_misuse_hook *scoped_set_misuse_hook(scoped_misuse_hook *hook);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
