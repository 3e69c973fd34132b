/*
 * become.h - changes ids, groups, capabilities of a child from those at init to its caller's
 *
 * To be called by the only thread of a child that has the identity of init. All functions return 0
 * or -errno.
 */
#ifndef FORKSCOPE_CHILD_BECOME_H
#define FORKSCOPE_CHILD_BECOME_H

#include "src/rights/identity.h"
#include <stdint.h>

/* Makes all permitted capabilities effective, for the steps that need one. */
int procspawn__become_able(void);

/* Sets the effective capabilities; *ret_before: those before. */
int procspawn__become_effective(uint64_t effective, uint64_t *ret_before);

/* Gives up all capabilities for ever: sets no_new_privs, so execve(2) gives none either. */
int procspawn__become_powerless(void);

/* Takes exactly this identity. *ret_what: the step that failed. */
int procspawn__become(const struct procspawn__identity *wanted, const char **ret_what);

#endif
