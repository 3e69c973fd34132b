/*
 * recursion.h - frames that repeat
 *
 * A stack that recursion has used up holds millions of frames. Where the last ones of a walk
 * repeat, the return addresses above them are compared with theirs, and frames that are like them
 * are counted and not walked.
 */
#ifndef FORKSCOPE_CRASH_RECURSION_H
#define FORKSCOPE_CRASH_RECURSION_H

#include "src/crash/remote_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECURSION_PLACES = 64 };

struct recursion_place {
    uint64_t pc, sp, fp;
    bool plain;    /* a caller whose return address lies right below its sp */
};

/* The last frames of a walk. */
struct recursion {
    struct recursion_place place[RECURSION_PLACES];
    size_t count;    /* of all that were added */
};

struct recursion_run {
    uint64_t frames;      /* that can be passed over */
    uint64_t distance;    /* from the last frame to the oldest of these */
    bool fp_follows;      /* the frame pointer moves with the stack pointer */
};

void crash__recursion_add(struct recursion *recursion, const struct recursion_place *place);

/*
 * False if the last frames do not repeat, or no frames above are like them. Some of those that are
 * like them are left to be walked, so that all registers are restored.
 */
bool crash__recursion_find(const struct recursion *recursion, struct memory *memory,
                           int64_t deadline, struct recursion_run *ret_run);

#endif
