/*
 * walk.h - walks a thread's stack, frame by frame
 *
 * Uses call frame information where it exists, otherwise rules of its own, the most reliable first.
 * Each frame records the rule that found it.
 */
#ifndef FORKSCOPE_CRASH_WALK_H
#define FORKSCOPE_CRASH_WALK_H

#include "src/crash/cfi.h"
#include "src/crash/machine.h"
#include "src/crash/remote_memory.h"
#include "src/crash/modules.h"
#include "src/crash/backtrace.h"

struct walk {
    struct memory *memory;
    struct modules *modules;
    struct cfi *cfi;    /* NULL: without libunwind, by the other rules only */
    int64_t deadline;
    bool memory_is_local; /* memory is another process's: it names code, but has no stacks */
};

struct step {
    struct registers registers;
    enum backtrace_found found;
};

struct stack {
    struct step step[BACKTRACE_FRAMES];    /* youngest first */
    size_t count;
    size_t cut;    /* number of frames dropped after the first BACKTRACE_HEAD */
    int error;     /* 0; -ETIMEDOUT: the deadline passed; -ELOOP: too many frames */
};

/* Walks the stack of a thread that does not run, from its registers. */
void crash__walk(const struct walk *walk, const struct registers *start, struct stack *ret_stack);

#endif
