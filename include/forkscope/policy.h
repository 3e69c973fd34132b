/*
 * policy.h - what the end of one task means for the others of its scope
 *
 * A policy is an object with two functions. Three come with the library; a policy of the user's own
 * is a structure that begins with struct scoped_policy:
 *
 *     struct at_most {
 *         struct scoped_policy base;
 *         size_t failures;
 *     };
 *
 *     static bool too_many(const struct scoped_policy *self,
 *                          const struct scoped_progress *progress, int status)
 *     {
 *         (void)status;
 *         return progress->failed > ((const struct at_most *)self)->failures;
 *     }
 *
 * A task has failed when its status is negative. Being cancelled (-ECANCELED in a task that was
 * cancelled before its function returned) is no failure.
 *
 * Fork:   a forked process has a copy of an outcome, which it reads and frees by itself.
 */
#ifndef FORKSCOPE_POLICY_H
#define FORKSCOPE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What has happened in a scope so far. */
struct scoped_progress {
    size_t succeeded;       /* tasks that ended with a status of 0 or more */
    size_t failed;
    size_t cancelled;       /* tasks that ended by being cancelled */
    int first_failure;      /* the status of the first that failed; 0: none has */
    bool timed_out;         /* some of these at the scope's time limit, its own or inherited */
    bool stopped;           /* the scope has been cancelled, by whatever reason */
};

/* What the end of a task means for the others of its scope, and for the outcome. */
struct scoped_policy {
    /*
     * Called when a task of the scope has ended, its own end counted in; returns whether the others
     * shall be cancelled. Calls for one scope never overlap. It is called with the library's lock
     * held, in the thread of the task: it must be short and call nothing of this library. NULL:
     * false.
     */
    bool (*ended)(const struct scoped_policy *self, const struct scoped_progress *progress,
                  int status);

    /* Called at the scope's end: what its outcome's status shall be. */
    int (*outcome)(const struct scoped_policy *self, const struct scoped_progress *progress);
};

/*
 * The policies that come with the library. Collect all: failures cancel no task. Fail fast: the
 * first failure cancels the rest. First success: the first success cancels the rest. The outcome of
 * the first two is 0, or the first failure, or -ETIME when the time limit has cut tasks short; of
 * the last, 0 if any task succeeded, or else as before, or -ECANCELED if none failed either.
 *
 * Safe:   any thread; never freed.
 * Cancel: no cancellation point.
 * Source: JEP 505, StructuredTaskScope.Joiner: awaitAll, awaitAllSuccessfulOrThrow,
 *         anySuccessfulResultOrThrow.
 */
extern const struct scoped_policy scoped_collect;
extern const struct scoped_policy scoped_fail_fast;
extern const struct scoped_policy scoped_first_success;

/* What lies behind a failure besides its status: procspawn_failure_error (tree.h) reads it. */
struct scoped_detail;

/* A task that failed. A list, also when there is one. It owns what it points to, except `arg`. */
struct scoped_failure {
    const struct scoped_failure *next;      /* the next one to end; NULL: the last */
    int status;
    const char *name;                       /* of the task; "" if it has none */
    /* From the root: "server/clients/client-7". What has no name is "root", "scope" or "task". */
    const char *path;
    const char *message;                    /* of scoped_fail, or of a process's error; "": none */
    void *arg;                              /* of the task, which may have freed it; NULL for
                                             * processes and pools */
    const struct scoped_detail *detail;     /* NULL: none */
};

/*
 * Called for a failure at once. It runs in the thread of the task that failed, after its `done` and
 * before its end is reported anywhere else. What it defers, acquires or opens ends with the task.
 * It may be called from several threads at a time. `failure` is borrowed for the call.
 */
typedef void scoped_failure_function(const struct scoped_failure *failure, void *arg);

/* How a scope ended. */
struct scoped_outcome {
    int status;                             /* as the policy says */
    size_t succeeded, failed, cancelled;    /* tasks */
    void *result;                           /* of the first that succeeded: scoped_set_result */
    const struct scoped_failure *failures;  /* new; all of them, unless the scope discards them */
    size_t omitted;                         /* failures not in the list: discarded, or no memory */
    bool timed_out;                         /* the time limit of the scope has cut tasks short */
    int signal;                             /* scoped_run: the signal that cancelled it; 0: none */
};

/*
 * Prints an outcome for people. The first line has the numbers of tasks, and says if the time limit
 * has passed or a signal has cancelled the scope. Then comes each failure: its path with its
 * message and the text of its code, or, for a process or a pool, what procspawn_error_print
 * (error.h) prints; at last how many failures the list lacks. Control characters in paths and
 * messages are made visible. Returns 0, or -EIO when the stream has failed.
 *
 * Safe:   any thread, while no thread frees the outcome.
 * Cancel: a cancellation point, as stdio is.
 * Source: Trio, the printed form of an exception group.
 */
int scoped_outcome_print(const struct scoped_outcome *outcome, FILE *stream);

/*
 * Frees the failures of an outcome; the structure is the caller's. NULL is fine.
 *
 * Safe:   one thread at a time for each outcome.
 * Cancel: no cancellation point.
 * Source: own.
 */
void scoped_outcome_fini(struct scoped_outcome *outcome);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
