/*
 * handle.h - what all kinds of call handles have in common
 *
 * There are three kinds: a call in a process of its own (process.c), a call of a pool
 * (src/pool/handle.c), and a process that is the child of a scope (src/tree/process.c). Each
 * structure begins with a procspawn_handle and has its own functions to wait and to end.
 */
#ifndef FORKSCOPE_CALL_HANDLE_H
#define FORKSCOPE_CALL_HANDLE_H

#include "src/call/capture.h"
#include "src/call/learning.h"
#include "src/call/outcome.h"
#include "src/wire/protocol.h"
#include <forkscope/error.h>
#include <forkscope/output.h>
#include <forkscope/procspawn.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * Is told once that a call has ended, by the thread that found it, which may hold a lock: so the
 * function takes only locks that are innermost, and uses no handle.
 */
struct procspawn__listener {
    void (*ended)(struct procspawn__listener *listener);
};

struct procspawn__handle_kind {
    bool pooled;                /* a call of a pool: its process goes on, its usage is not known */
    /* Waits for the outcome, at most timeout nanoseconds (negative: for ever). 0 or -errno. */
    int (*answered)(procspawn_handle *handle, int64_t timeout);
    /* Waits for the end of the process. 0 or -errno, for instance -ETIMEDOUT. */
    int (*gone)(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage);
    int (*end)(procspawn_handle *handle, int signal, int64_t grace, enum wire_end_cause cause);
    /* Sends SIGKILL and does not wait. 0, also for a call that has ended; or -errno: not now. */
    int (*try_kill)(procspawn_handle *handle);
    /* A report on the process while it runs: see procspawn_stacks. NULL: -ENOTSUP. */
    int (*stacks)(procspawn_handle *handle, int64_t deadline, procspawn_error **ret_report);
    /*
     * Sets the listener; NULL: nobody is told from now on. False: the call has ended, and the
     * listener is never told. NULL for a call whose end a descriptor tells: `fd`.
     */
    bool (*listen)(procspawn_handle *handle, struct procspawn__listener *listener);
    pid_t (*pid)(const procspawn_handle *handle);
    int (*fd)(const procspawn_handle *handle);
    void (*drop)(procspawn_handle *handle);     /* frees the handle and what it owns */
    /* The same in a child by fork(2): frees memory and closes nothing. Leaves alone memory that
     * another thread of the parent may have been changing at the fork. */
    void (*forget)(procspawn_handle *handle);
    /* Returns a reference to its capture; NULL: it is not sent yet. No function: handle->capture is
     * set before anybody knows the handle. */
    struct procspawn__capture *(*capture)(procspawn_handle *handle);
    /* What it learns, borrowed, or NULL. No function: handle->learning. */
    const struct procspawn__learning *(*learning)(const procspawn_handle *handle);
};

struct procspawn_handle {
    const struct procspawn__handle_kind *kind;
    uint64_t owner;             /* base__process() of the process that made it */
    int64_t called;             /* when the call was made */
    struct procspawn__outcome outcome;
    char *name;                 /* of the process, for errors; NULL: none */
    int pipes[3];               /* the caller's ends of the standard streams, or -1 */
    bool captured;              /* its output is captured */
    bool piped;                 /* its stderr is a pipe that this program reads */
    struct procspawn__capture *capture;
    struct procspawn__learning *learning;   /* NULL: it does not learn */
    char *texts[2];             /* what the caller has got of its output; NULL: not asked for */
};

void procspawn__handle_init(procspawn_handle *handle, const struct procspawn__handle_kind *kind);
/* Returns a reference to the capture of its call; NULL: there is none, or the call is not sent. */
struct procspawn__capture *procspawn__handle_capture(procspawn_handle *handle);
/* What its process learns, borrowed; NULL: nothing. */
const struct procspawn__learning *procspawn__handle_learning(const procspawn_handle *handle);
/*
 * As procspawn_captured_stdout(), for either stream. With -ENOMEM *ret_output is empty, but for the
 * number of bytes that were printed.
 */
int procspawn__handle_captured(procspawn_handle *handle, int stream,
                               struct procspawn_output *ret_output);
/*
 * Adds what the process printed last to the error of its outcome, if it has one that tells that.
 * Waits for the collector, for a tenth of a second and until the deadline at most.
 */
void procspawn__handle_add_printed(procspawn_handle *handle, procspawn_error *error,
                                   int64_t deadline);
/* Copies a name (NULL: none). 0 or -ENOMEM. */
int procspawn__handle_name(procspawn_handle *handle, const char *name);
/* procspawn__outcome_take() for its outcome; an error has the name of the handle. */
int procspawn__handle_take(procspawn_handle *handle, int64_t deadline, json_t **ret_result,
                           procspawn_error **ret_error);
void procspawn__handle_fini(procspawn_handle *handle);
/* The same in a child by fork(2): frees memory and closes nothing. */
void procspawn__handle_forget(procspawn_handle *handle);

#endif
