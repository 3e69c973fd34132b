/*
 * handle.h - what the caller holds of a call, from the inside
 *
 * There are three kinds: a process of its own (process.c), a call of a pool's worker (pool_call.c),
 * and a process that is the child of a scope (bind.c). Each begins with a procspawn_handle and
 * brings its own way of waiting and of ending.
 */
#ifndef FORKSCOPE_PROC_HANDLE_H
#define FORKSCOPE_PROC_HANDLE_H

#include "src/call/outcome.h"
#include <forkscope/procspawn.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct procspawn__handle_kind {
    /* Until the outcome is there, at most timeout nanoseconds; 0, -ETIMEDOUT or -errno. */
    int (*answered)(procspawn_handle *handle, int64_t timeout);
    int (*gone)(procspawn_handle *handle, int64_t timeout, struct rusage *ret_usage);
    int (*end)(procspawn_handle *handle, int signal, int64_t grace);
    pid_t (*pid)(const procspawn_handle *handle);
    int (*fd)(const procspawn_handle *handle);
    void (*drop)(procspawn_handle *handle);     /* frees the whole */
    /* The same in a copy of the process: memory only, and none that another thread of the owner may
     * have been changing when it forked. */
    void (*forget)(procspawn_handle *handle);
};

struct procspawn_handle {
    const struct procspawn__handle_kind *kind;
    uint64_t owner;             /* the process (src/base/process.h) */
    struct procspawn__answer answer;
    int pipes[3];
};

void procspawn__handle_init(procspawn_handle *handle, const struct procspawn__handle_kind *kind);
void procspawn__handle_fini(procspawn_handle *handle);
/* The same in a copy of the process by fork(2): memory only. */
void procspawn__handle_forget(procspawn_handle *handle);

#endif
