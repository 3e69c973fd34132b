/*
 * call.h - a call in one line
 *
 * procspawn_call() calls a function in another process, waits for its end and gives what it
 * returned:
 *
 *     json_t *result;
 *     procspawn_error *error;
 *
 *     if (procspawn_call(parse, argument, &result, &error) < 0)
 *         report(procspawn_error_message(error));
 *
 * Each function of this header that gives the result of a call gives an error object for every
 * failure: a failure of the function, the death of its process, and also a call that could not be
 * made. So a caller has one place to look at.
 *
 * An argument that is made for one call is handed over with it. A json_pack() that failed is
 * reported:
 *
 *     procspawn_call_take(parse, json_pack("{s:s}", "path", path), &result, &error);
 *
 * Failures that are data. A function that has found its input to be bad says so and returns:
 *
 *     static json_t *parse(json_t *argument)
 *     {
 *         if (!is_png(argument))
 *             return procspawn_fail("this is no PNG");
 *         ...
 *     }
 *
 * The caller gets an error of kind FAILED with this message. No backtrace is made, and the worker
 * of a pool goes on with its next call. procspawn_panic() (procspawn.h) is for what should not
 * happen.
 *
 * struct procspawn_call_options says in what one call differs from others: a pool, a scope, limits,
 * output. procspawn_call_with() takes it, and gives all that is known about the call when it has
 * ended; procspawn_start() takes it too and does not wait. How a process differs from the caller
 * (its environment, ids, directory) is said by a builder (builder.h).
 *
 * Fork:   in a forked process PROCSPAWN_ENOTINIT, until it has called procspawn_init() itself.
 */
#ifndef FORKSCOPE_CALL_H
#define FORKSCOPE_CALL_H

#include <forkscope/error.h>
#include <forkscope/limits.h>
#include <forkscope/output.h>
#include <forkscope/pool.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct scoped_spawner;

/*
 * Calls function(argument) in another process, and waits for its result. The process is a new one,
 * or a worker of a pool. What was needed for the call is freed. The argument is borrowed, and NULL
 * stands for JSON null. The _take forms take the reference, also when the call fails; there NULL is
 * PROCSPAWN_EJSON, because json_pack() and the like return NULL when they fail. Use json_null() for
 * null.
 *
 * *ret_result (ret_result may be NULL) gets a new reference. Descriptors and channel ends in it
 * (value.h) have been closed; procspawn_call_with() is for results that have some.
 *
 * Returns 0 and sets *ret_result; or sets *ret_error (ret_error may be NULL; the caller frees the
 * error) and returns the value that procspawn_error_code() gives:
 *   PROCSPAWN_ECALL      the call failed; the error says how
 *   -ECANCELED           the calling task was cancelled, where a return value tells it (scope.h);
 *                        the call was killed, and the error has kind CANCELLED
 *   -EINVAL              the pool is NULL; the error has kind SETUP
 *   -ETIMEDOUT           the total limit passed before there was a process for the call; the error
 *                        has kind TIMED_OUT and PROCSPAWN_LIMIT_QUEUE
 *   other                what procspawn() or procspawn_pool_spawn() return: the call could not be
 *                        made, and the error has kind SETUP
 * The other out-parameter is untouched. If there is no memory for an error, *ret_error is one that
 * needs none, and of kind SETUP or IO with ENOMEM.
 *
 * If a result cannot be received for lack of memory or descriptors, the call tries again for a
 * second, then the process is killed and the call fails with kind IO.
 *
 * Safe:   any thread, any process of the tree; with a pool, of the pool's process.
 * Cancel: a cancellation point. The call is killed, its end is waited for, two seconds at most, and
 *         what was taken is released.
 * Source: Python's concurrent.futures, submit(..).result().
 */
int procspawn_call(procspawn_function *function, json_t *argument, json_t **ret_result,
                   procspawn_error **ret_error);
int procspawn_call_take(procspawn_function *function, json_t *argument, json_t **ret_result,
                        procspawn_error **ret_error);
int procspawn_pool_call(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                        json_t **ret_result, procspawn_error **ret_error);
int procspawn_pool_call_take(procspawn_pool *pool, procspawn_function *function, json_t *argument,
                             json_t **ret_result, procspawn_error **ret_error);

/* ---------------------------------------------------------------------------------------------
 * In the called function: failures that are data
 */

/*
 * Make the call fail with a message (of any length) and a detail: a JSON value that is taken, may
 * hold what a result may hold, and is given by procspawn_error_detail(); NULL: none. The place is
 * that of the macro. type is a name for this sort of failure, for the caller to compare
 * (procspawn_error_type); NULL: none. All strings are copied.
 *
 * The call fails when the function returns, whatever it returns; the result is dropped. If several
 * failures were reported, the last one counts. A detail that cannot be sent makes the call fail
 * with kind JSON; the builder's limits of the result hold for it too. A function that reports a
 * failure still frees what it has: its process may go on.
 *
 * Return NULL, so that a function can say `return procspawn_fail(...)`. A typed function (typed.h)
 * calls procspawn_fail() and returns anything. Where no called function runs they only release the
 * detail.
 *
 * Safe:   any thread of a child while its function runs, and its tasks (procspawn_scope_root).
 * Cancel: no cancellation point; errno is kept.
 * Source: own; an exception that a worker survives, as in Python's multiprocessing.
 */
#define procspawn_fail(...) \
    procspawn_fail_at(__FILE__, __LINE__, __func__, NULL, NULL, __VA_ARGS__)
#define procspawn_fail_with(detail, ...) \
    procspawn_fail_at(__FILE__, __LINE__, __func__, NULL, (detail), __VA_ARGS__)

json_t *procspawn_fail_at(const char *file, int line, const char *function, const char *type,
                          json_t *detail, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* ---------------------------------------------------------------------------------------------
 * Calls with options
 */

/* In what a call differs from a plain one. All zero: in nothing. Borrowed, with all that it names,
 * until the function that takes it returns. */
struct procspawn_call_options {
    procspawn_pool *pool;           /* a worker of this pool runs the call; NULL: a new process */
    procspawn_builder *builder;     /* how the process differs; not together with pool */
    /* The call is a child of the owner of this spawner and ends with it (tree.h). NULL: it is
     * not. With a pool the call is killed, and a worker that runs it is replaced. */
    const struct scoped_spawner *scope;
    int64_t run_limit;              /* nanoseconds for the function; 0: as the builder says */
    int64_t total_limit;            /* nanoseconds from now on; 0: as the builder says */
    size_t capture_limit;           /* bytes to keep of stdout and of stderr; 0: as the builder */
    /* What the function reads from stdin, of any size: copied into a file in memory, which it can
     * seek and map and cannot change. NULL: as the builder says. Until the call is sent it takes a
     * descriptor of this program, also in the queue of a pool. -EFBIG beyond RLIMIT_FSIZE. */
    const void *input;
    size_t input_size;              /* in bytes */
    bool take_argument;             /* the argument's reference is taken, also on failure */
};

/*
 * How a call ended. Filled by the library and emptied by procspawn_result_fini(). One of value and
 * error is set, the other is NULL.
 *
 * Fork:   a forked process has a copy, whose handle is not its own (procspawn_handle).
 */
struct procspawn_result {
    int status;                     /* 0, or the negative value that procspawn_call() returns */
    void *tag;                      /* the caller's, if the call was made with one; else NULL */
    json_t *value;                  /* what the function returned; placeholders can be claimed */
    procspawn_error *error;         /* why there is no value */
    /* What was captured of stdout and stderr. Without memory to give it: no bytes, and truncated,
     * unless nothing was printed. */
    struct procspawn_output out, err;
    /* Nanoseconds before and in the function; before: from the call on, in sets from
     * procspawn_set_start(). If the process ended without an answer, run_time lasts until the end
     * was received and, but for a pool, begins when the process was taken. */
    int64_t queue_time, run_time;
    int64_t cpu_time;               /* nanoseconds, user and system; -1: not known (a pool) */
    int64_t peak_memory;            /* bytes resident at most; -1: not known (a pool) */
    procspawn_handle *handle;       /* the library's: owns what value, out and err refer to */
};

/*
 * procspawn_call() with options (NULL: none). *ret_result is filled in any case, also when the call
 * could not be made; the caller empties it. The wait is for the end of the process, which is known
 * a little later than its answer.
 *
 * Returns ret_result->status: what procspawn_call() returns; -EINVAL for a pool together with a
 * builder, for a negative length, and for a capture limit of more than PTRDIFF_MAX / 4; and with a
 * scope what scoped_procspawn() returns. The message of the error says which of them it was.
 *
 * Safe:   as procspawn_call(); with a scope the owner of the spawner.
 * Cancel: as procspawn_call(); *ret_result needs no emptying.
 * Source: own.
 */
int procspawn_call_with(const struct procspawn_call_options *options, procspawn_function *function,
                        json_t *argument, struct procspawn_result *ret_result);

/*
 * Starts a call with options (NULL: none) and does not wait for its end. It can wait for a process
 * for some milliseconds, when no spare is there, and for room in a scope with max_tasks; with a
 * pool it does not wait.
 *
 * Returns 0 and a new handle, or what procspawn_call_with() returns for a call that cannot be made.
 *
 * Safe:   as procspawn_call_with().
 * Cancel: a cancellation point before anything was started, never after; what was taken is
 *         released.
 * Source: procspawn 1.0.1, spawn.
 */
int procspawn_start(const struct procspawn_call_options *options, procspawn_function *function,
                    json_t *argument, procspawn_handle **ret_handle);

/*
 * Waits for the end of a call, and gives all that is known about it. Its process has ended then,
 * too. The wait lasts at most timeout nanoseconds (negative: for ever). The handle can be any
 * (procspawn.h, pool.h, tree.h), and is taken: procspawn_result_fini() frees it. Only after
 * -ETIMEDOUT and -ECANCELED is it still the caller's.
 *
 * Returns ret_result->status; or, with *ret_result untouched, -ETIMEDOUT, or -ECANCELED when the
 * calling task was cancelled. If the result was joined before, the error has kind CONSUMED.
 *
 * Safe:   one thread at a time for each handle.
 * Cancel: a cancellation point; the call goes on, the handle stays the caller's.
 * Source: own.
 */
int procspawn_finish(procspawn_handle *handle, int64_t timeout,
                     struct procspawn_result *ret_result);

/*
 * Empties a result: frees value, error and output, and closes what arrived in the value and was not
 * claimed. The structure is the caller's, and is all zero afterwards. To keep the value or the
 * error, the caller sets the member to NULL before; a kept value has lost its placeholders. NULL
 * and a result that is all zero are fine.
 *
 * Safe:   one thread at a time for each result.
 * Cancel: no cancellation point.
 * Source: own.
 */
void procspawn_result_fini(struct procspawn_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
