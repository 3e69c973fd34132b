/*
 * become.h - from what a process was at init to what its caller is; in a child that is as at init
 */
#ifndef FORKSCOPE_CHILD_BECOME_H
#define FORKSCOPE_CHILD_BECOME_H

#include "src/rights/identity.h"
#include <stdint.h>

/* Takes up all permitted capabilities, for the steps that need one. */
int procspawn__become_able(void);

/* Has other ones of its permitted capabilities in effect. */
int procspawn__become_effective(uint64_t effective, uint64_t *ret_before);

/* Has no capability, and cannot have one again, whatever it executes. */
int procspawn__become_powerless(void);

/* Becomes exactly that. Returns 0, or -errno with what failed. */
int procspawn__become(const struct procspawn__identity *wanted, const char **ret_what);

#endif
