/*
 * attempt.h - a system call that waits for its answer: what it needs
 */
#ifndef FORKSCOPE_LEARN_ATTEMPT_H
#define FORKSCOPE_LEARN_ATTEMPT_H

#include "src/learn/learned.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct learn_attempt {
    pid_t thread;               /* that waits */
    int64_t number;
    uint64_t argument[SANDBOX_ARGUMENTS];
};

enum { LEARN_ATTEMPT_CALLS = PROCSPAWN__PATH_USES };

/*
 * Reads what the call points to. Gives the needs that it has, *ret_count of them, 0 to
 * LEARN_ATTEMPT_CALLS. Returns 0: it goes on, or the errno value that it is answered with. May take
 * as long as the memory of the process does, or a file system.
 */
int learn__attempt(const struct learn_attempt *attempt,
                   struct procspawn__learned_call ret_calls[LEARN_ATTEMPT_CALLS],
                   unsigned *ret_count);

/* Could the call end or hinder the process that asks? */
bool learn__attempt_is_aimed_here(const struct learn_attempt *attempt);

#endif
