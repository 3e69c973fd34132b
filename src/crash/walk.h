/* A thread's stack, frame by frame: by call frame information where there is some, else by rules of
 * our own, the safest first. Each frame says which. */
#ifndef FORKSERVER_WALK_H
#define FORKSERVER_WALK_H

#include "src/crash/cfi.h"
#include "src/crash/machine.h"
#include "src/crash/remote_memory.h"
#include "src/crash/modules.h"
#include "src/crash/backtrace.h"

struct walk {
    struct memory *memory;
    struct modules *modules;
    struct cfi *cfi;    /* NULL: without libunwind, by the other rules alone */
    int64_t deadline;
    bool blind;    /* memory is not the process's own: good to name code, useless for stacks */
};

struct step {
    struct registers registers;
    enum backtrace_found found;
};

struct stack {
    struct step step[BACKTRACE_FRAMES];    /* youngest first */
    size_t count;
    size_t cut;    /* so many were dropped after the first BACKTRACE_HEAD */
    int error;     /* 0; -ETIMEDOUT: gave up at the deadline; -ELOOP: after very many frames */
};

/* Walks from the given registers of a thread that does not run. */
void forkserver__walk(const struct walk *walk, const struct registers *start,
                      struct stack *ret_stack);

#endif
