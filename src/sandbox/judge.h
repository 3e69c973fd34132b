/*
 * judge.h - what the rules make of one system call: the filter's answer, found without a filter
 */
#ifndef FORKSCOPE_SANDBOX_JUDGE_H
#define FORKSCOPE_SANDBOX_JUDGE_H

#include "src/sandbox/rules.h"
#include <stdint.h>
#include <sys/types.h>

enum { SANDBOX_ARGUMENTS = 6 };

/* own: the id of the process that makes the call. */
enum sandbox_verdict sandbox__judge(enum procspawn_sandbox profile, long number,
                                    const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own);

/*
 * What the rules look at: whole arguments that they compare, and whether their other conditions
 * hold. Two calls of one number with the same signature are the same to all rules.
 */
void sandbox__signature(long number, const uint64_t argument[SANDBOX_ARGUMENTS], pid_t own,
                        uint64_t ret_signature[SANDBOX_ARGUMENTS]);

#endif
