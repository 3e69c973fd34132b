/*
 * completion.h - many calls, one place to wait
 *
 * A set holds calls of any kind - in processes of their own, in pools, in scopes - and gives their
 * results as the calls end:
 *
 *     procspawn_set_new(&set);
 *     for (size_t i = 0; i < count; i++)
 *         procspawn_set_start(set, NULL, work, items[i], &items[i]);
 *     while (procspawn_set_next(set, &result) == 0) {
 *         use(result.tag, result.value, result.error);
 *         procspawn_result_fini(&result);
 *     }
 *     procspawn_set_free(set);
 *
 * The loop ends with -ENODATA: the set is empty.
 *
 * Event loops. procspawn_set_fd() is one descriptor for all calls of the set. When it is readable,
 * the loop calls procspawn_set_next_timeout(set, 0, ...) until that returns -ETIMEDOUT or -ENODATA.
 * No other call is needed, and this one does not wait.
 *
 * A set has no thread. Calls in processes are started, and results are received and decoded, in
 * procspawn_set_next(); the descriptor becomes readable when one of these is to be done. So a call
 * in a process of its own starts in procspawn_set_next(). A call of a pool starts without it.
 *
 * Processes and descriptors. A set has two descriptors. A call that waits to be started has none,
 * but for those in its argument; a call of a pool has none, but while it waits with an argument of
 * more than 48 KiB or its output is captured; a call in a process of its own has one while it runs.
 * At most procspawn_set_max_running() calls run in processes of their own at a time. A call counts
 * until its result has been given, so results that are not fetched do not pile up.
 *
 * Shortages. If there are too few descriptors or processes, or too little memory, to start a call,
 * it goes on waiting, and is tried again soon and when another call of the set has ended. It fails
 * only if no call of the set runs and the shortage lasts for a second.
 *
 * Order. Results come in the order in which the calls ended; a call in a process has ended when its
 * process has. A result that takes long to decode, of more than 256 KiB, is decoded by a thread
 * meanwhile and comes when that is done. Calls start in the order in which they were added; those
 * of different pools do not wait for each other.
 *
 * Fork:   a forked process may make sets; its calls are PROCSPAWN_ENOTINIT, until it has called
 *         procspawn_init() itself.
 */
#ifndef FORKSCOPE_COMPLETION_H
#define FORKSCOPE_COMPLETION_H

#include <forkscope/call.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * A set of calls. Made by procspawn_set_new().
 *
 * Fork:   in a forked process every use fails with PROCSPAWN_ENOTOWNER, or gives -1 or 0; to free
 *         the set frees memory only. The calls go on.
 */
typedef struct procspawn_set procspawn_set;

/*
 * A new, empty set.
 *
 * Returns 0, or -ENOMEM, -EMFILE, -ENFILE.
 *
 * Safe:   any thread, any process of the tree.
 * Cancel: no cancellation point.
 * Source: Python's concurrent.futures.as_completed; tokio's JoinSet; io_uring(7).
 */
int procspawn_set_new(procspawn_set **ret_set);

/*
 * Frees a set. The calls that are left in it are killed, and waited for until their processes are
 * gone. NULL is fine. A call that is to go on is taken out before: procspawn_set_remove().
 *
 * procspawn_set_free_timeout waits at most timeout nanoseconds (negative: for ever).
 * procspawn_set_free_timeout returns 0, or -ETIMEDOUT: all calls have been killed, some are not
 * gone yet, and the set has to be freed again.
 *
 * In a process that was forked from the owner the set's memory is freed, and the calls go on.
 *
 * Safe:   one thread, when no other one uses the set.
 * Cancel: no cancellation point.
 * Source: tokio's JoinSet, which aborts what is left in it; that it waits is structured
 *         concurrency.
 */
void procspawn_set_free(procspawn_set *set);
int procspawn_set_free_timeout(procspawn_set *set, int64_t timeout);

/*
 * How many calls of the set run in processes of their own at the same time; 0 counts as 1. Unless
 * set it is the number of processors on which the thread may run that made the set. Calls of pools
 * do not count: their pools bound them. Calls that were added (procspawn_set_add) count, and may
 * exceed the number.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: Go's errgroup, SetLimit.
 */
void procspawn_set_max_running(procspawn_set *set, unsigned count);

/*
 * Adds a call to the set and does not wait: not for the fork server, nor for a worker, nor for a
 * descriptor. The argument is borrowed and encoded before the function returns, and what a child
 * has of its caller (procspawn.h) is that of this moment, but for the standard streams: these are
 * what they are when the call starts. options may be NULL; what it refers to is needed only during
 * this function, but for a scope, which must be open until the call has ended. tag comes back with
 * the result.
 *
 * A scope belongs to the task that calls procspawn_set_next(), as that starts the call. For a scope
 * that has no room, and for a pool whose queue is full, the call waits in the set.
 *
 * Returns 0, or, with nothing added,
 *   -EINVAL              as procspawn_call_with(); also for a builder with a pipe, which a
 *                        handle gives: use procspawn_start() and procspawn_set_add() then
 *   PROCSPAWN_EJSON, PROCSPAWN_EVALUE, PROCSPAWN_EDESCRIPTORS, PROCSPAWN_EFUNCTION,
 *   PROCSPAWN_ERIGHTS, PROCSPAWN_ENOTINIT, PROCSPAWN_ENOTOWNER, -EBADF
 *                        the call cannot be made, as with procspawn_call_with()
 *   -ENOMEM              no memory could be had
 *   -EMFILE, -ENFILE     the descriptors of the argument or the builder could not be duplicated
 * Whatever goes wrong later is the result of the call: with kind SETUP if it was never started.
 *
 * Safe:   any thread, also while another one is in procspawn_set_next().
 * Cancel: no cancellation point.
 * Source: io_uring(7), the submission queue; user_data.
 */
int procspawn_set_start(procspawn_set *set, const struct procspawn_call_options *options,
                        procspawn_function *function, json_t *argument, void *tag);

/*
 * Adds a call that runs already. When 0 is returned the handle is the set's; until the result is
 * given, it may be used for procspawn_kill() and procspawn_terminate(), and for nothing else.
 *
 * Returns 0, -EINVAL for a handle that has been joined, PROCSPAWN_ENOTOWNER, or -ENOMEM.
 *
 * Safe:   any thread, also while another one is in procspawn_set_next().
 * Cancel: no cancellation point.
 * Source: tokio's FuturesUnordered, push.
 */
int procspawn_set_add(procspawn_set *set, procspawn_handle *handle, void *tag);

/*
 * Gives the result of a call that has ended, and takes the call out of the set.
 * procspawn_set_next_timeout waits at most timeout nanoseconds (negative: for ever; 0: not at all).
 *
 * Returns 0 and fills *ret_result, which the caller empties (procspawn_result_fini), whether the
 * call has succeeded or not; or, with *ret_result untouched,
 *   -ENODATA    the set is empty
 *   -ETIMEDOUT  no call has ended in time
 *   -ECANCELED  as for every wait (scope.h)
 *   -ENOMEM     there is no memory to decode the result, which stays in the set
 *   -EMFILE, -ENFILE   the program has closed the set's descriptors, and no others can be had
 *   PROCSPAWN_ENOTOWNER   the set belongs to the process from which this one was forked
 *
 * Safe:   one thread at a time for each set.
 * Cancel: a cancellation point while it waits; no result is lost.
 * Source: tokio's JoinSet, join_next and try_join_next; io_uring_wait_cqe_timeout(3).
 */
int procspawn_set_next(procspawn_set *set, struct procspawn_result *ret_result);
int procspawn_set_next_timeout(procspawn_set *set, int64_t timeout,
                               struct procspawn_result *ret_result);

/*
 * A descriptor for event loops. It is readable when procspawn_set_next_timeout(set, 0, ...) has
 * something to do; that call may still return -ETIMEDOUT. It is level-triggered. Edge-triggered use
 * is right if the loop goes on until -ETIMEDOUT or -ENODATA. Borrowed: it lives as long as the set
 * and is only for poll, select and epoll. -1 in a process that was forked from the owner.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: io_uring_register_eventfd(3).
 */
int procspawn_set_fd(const procspawn_set *set);

/*
 * How many calls are in the set: those whose results were not given yet.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: tokio's JoinSet, len.
 */
size_t procspawn_set_count(procspawn_set *set);

/*
 * Kills the calls with this tag, or all calls of the set. It does not wait for their end. Those
 * that were not started fail with kind CANCELLED, those that run with kind REMOTE_CLOSE and cause
 * KILLED. The results are still given.
 *
 * procspawn_set_kill returns how many calls it has hit; calls that have ended are not hit.
 *
 * Safe:   any thread.
 * Cancel: no cancellation point.
 * Source: tokio's JoinSet, abort_all.
 */
size_t procspawn_set_kill(procspawn_set *set, const void *tag);
void procspawn_set_kill_all(procspawn_set *set);

/*
 * Takes a call with this tag out of the set: the handle is the caller's again. The call goes on.
 *
 * Returns 0, -ENOENT if there is no such call, -EAGAIN if it was not started, or
 * PROCSPAWN_ENOTOWNER.
 *
 * Safe:   one thread at a time for each set, as procspawn_set_next().
 * Cancel: no cancellation point.
 * Source: tokio's JoinSet, detach_all.
 */
int procspawn_set_remove(procspawn_set *set, const void *tag, procspawn_handle **ret_handle);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
