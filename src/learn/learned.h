/*
 * learned.h - what was learned, as the learner and the program share it
 *
 * The learner is the only one that writes, and it answers no system call before it has written what
 * that needs. So when a call has ended, all of it is there. The program copies before it looks, and
 * checks: the learner belongs to the user whose function it watches.
 */
#ifndef FORKSCOPE_LEARN_LEARNED_H
#define FORKSCOPE_LEARN_LEARNED_H

#include "src/sandbox/need.h"
#include <stdint.h>

enum { PROCSPAWN__LEARNED_MAX = 1024, PROCSPAWN__LEARNED_PATH = 1024 };

/* One need: the first system call that had it, and how many had it. */
struct procspawn__learned_call {
    int64_t number;
    uint64_t argument[SANDBOX_ARGUMENTS];
    uint64_t count;             /* atomic */
    struct procspawn__need need;
    uint32_t let_in;            /* so much of the path is to be let in */
    uint32_t padding;
    char path[PROCSPAWN__LEARNED_PATH]; /* "": none, or not known */
};

struct procspawn__learned {
    uint32_t count;             /* atomic: the calls before are whole */
    uint32_t truncated;         /* atomic; 1: there were more needs than have room */
    struct procspawn__learned_call calls[PROCSPAWN__LEARNED_MAX];
};

#endif
