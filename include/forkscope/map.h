/*
 * map.h - one function, many items
 *
 * procspawn_map() calls a function once for each item of a JSON array, in the workers of a pool,
 * and gives the array of the results, in the order of the items:
 *
 *     procspawn_map(NULL, collatz, numbers, &lengths, &error);
 *
 * What is too large for an array comes from a function, and its results go to a function:
 *
 *     procspawn_map_each(&options, thumbnail, next_file, write_thumbnail, &job, &error);
 *
 * For arrays of C values, typed functions with one parameter have a map of their own (typed.h):
 *
 *     collatz_map(NULL, numbers, 10000, lengths, &error);
 *
 * Chunks. Items are sent to a worker in chunks, so that a short call does not cost a message. The
 * size of a chunk is found by measuring: a chunk takes about 2 ms, and chunks become smaller
 * towards the end, so that all workers end at about the same time. If a call takes longer than
 * that, each item is a chunk. The function does not notice: the result of an item is kept as soon
 * as the function returns, and a crash costs the item that crashed and no other.
 *
 * At most once. The function is called at most once for each item, also when workers die. An item
 * whose worker dies while the function runs has failed. The items of its chunk that were not begun
 * are sent to another worker; the results of those before it are kept. An item has also failed if
 * its worker dies twice before the item is begun.
 *
 * Back-pressure. The source is asked for an item only while fewer than `window` items are between
 * source and sink. So an endless source takes a bounded amount of memory, and a slow sink slows
 * down the workers.
 *
 * Ends. When a map returns, or is cancelled, no worker works on its items any more, and nothing is
 * left of it: what ran was killed, and has ended. Nothing is lost but what has no result yet.
 *
 * Fork:   in a forked process PROCSPAWN_ENOTINIT, until it has called procspawn_init() itself;
 *         PROCSPAWN_ENOTOWNER with a pool of the program's.
 */
#ifndef FORKSCOPE_MAP_H
#define FORKSCOPE_MAP_H

#include <forkscope/call.h>
#include <forkscope/error.h>
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
 * Is told how far the map is: `done` of `total` items have results; total is 0 when it is not
 * known. It is called in the calling thread, at most once in 50 ms, and once at the end. Returns 0,
 * or a negative value, by which it stops the map.
 */
typedef int procspawn_map_progress(size_t done, size_t total, void *arg);

/* In what a map differs from others. All zero: the defaults. Borrowed for the call. */
struct procspawn_map_options {
    procspawn_pool *pool;       /* NULL: a pool of one worker for each processor, for this map */
    /* The map is one task of this scope: it ends when the scope is cancelled, and the scope does
     * not end before it. The calling thread owns the scope. NULL: none. */
    const struct scoped_spawner *scope;
    size_t chunk;               /* items in a message; 0: found by measuring */
    size_t window;              /* items between source and sink; 0: four chunks for each worker */
    bool unordered;             /* procspawn_map_each: the sink gets results as they come */
    /* Nanoseconds for each item; 0: as the pool says. With a limit each item is a call of its own,
     * so that the limit is exact. */
    int64_t run_limit;
    int64_t total_limit;        /* nanoseconds for the whole map; 0: none */
    procspawn_map_progress *progress;   /* may be NULL */
    void *progress_arg;
};

/*
 * Calls function(item) for each item of an array, and gives the results. The array is borrowed, and
 * not to be changed meanwhile; the results are a new array in the same order. The failure that
 * happens first stops the map: what runs is killed, the rest is not started. The error tells the
 * item: procspawn_error_index(). Descriptors and channel ends in results have been closed, as with
 * procspawn_call().
 *
 * options may be NULL. Returns 0 and sets *ret_results (may be NULL); or sets *ret_error (may be
 * NULL; freed by the caller) and returns
 *   PROCSPAWN_ECALL      an item failed, or the total limit has passed (kind TIMED_OUT)
 *   -EINVAL              items is no array, or a limit is negative
 *   -ECANCELED           the scope of the options was cancelled; or as for every wait (scope.h)
 *   PROCSPAWN_EJSON, PROCSPAWN_EVALUE, PROCSPAWN_EDESCRIPTORS, -EBADF
 *                        an item cannot be sent; the index tells which
 *   other                what procspawn_pool_spawn() or procspawn_pool_new() return for a call or a
 *                        pool that cannot be made, what scoped_spawn_leaf() returns for a scope, or
 *                        what progress() has returned
 *
 * Safe:   any thread of the pool's process.
 * Cancel: a cancellation point; what runs is killed, and nothing is left.
 * Source: Python's concurrent.futures, Executor.map; rayon's try_map.
 */
int procspawn_map(const struct procspawn_map_options *options, procspawn_function *function,
                  json_t *items, json_t **ret_results, procspawn_error **ret_error);

/*
 * Makes the next item: a new reference, which the library takes. It is called in the calling
 * thread. Returns 0; -ENODATA when there are no more; or another negative value, which stops the
 * map. NULL with 0, as json_pack() gives it when it fails, stops the map with PROCSPAWN_EJSON.
 */
typedef int procspawn_map_source(json_t **ret_item, void *arg);

/*
 * Gets the result of an item, value or error, and the index of the item. That is counted from 0.
 * What the sink does not take out of the result, the library empties afterwards
 * (procspawn_result_fini). It is called in the calling thread, in the order of the items unless the
 * options say unordered. The result's queue_time and run_time are -1, not known, for an item that
 * shared its message with others. Returns 0, or a negative value, which stops the map.
 */
typedef int procspawn_map_sink(size_t index, struct procspawn_result *result, void *arg);

/*
 * Calls function(item) for each item of a source, and a sink for each result. An item that failed
 * is a result like any other: the sink decides by what it returns. A sink that returns
 * result->status stops at the first failure; one that returns 0 goes on.
 *
 * Returns 0 when the sink has had all results; or sets *ret_error (may be NULL; freed by the
 * caller) and returns what source, sink or progress has returned to stop it, or what
 * procspawn_map() returns. When the sink has returned the status of a result and left the error
 * there, *ret_error is that error.
 *
 * Safe:   any thread of the pool's process.
 * Cancel: a cancellation point; what runs is killed, and nothing is left. Source, sink and progress
 *         run with the cancellation state of the caller.
 * Source: Python's Executor.map with buffersize; Pool.imap_unordered; rayon's par_bridge.
 */
int procspawn_map_each(const struct procspawn_map_options *options, procspawn_function *function,
                       procspawn_map_source *source, procspawn_map_sink *sink, void *arg,
                       procspawn_error **ret_error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
