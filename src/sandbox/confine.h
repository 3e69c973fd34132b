/*
 * confine.h - puts the calling process into a sandbox
 */
#ifndef FORKSCOPE_SANDBOX_CONFINE_H
#define FORKSCOPE_SANDBOX_CONFINE_H

#include "src/sandbox/policy.h"
#include <stdbool.h>

/*
 * No_new_privs, then Landlock, then the filter. The process must have one thread. It can be done
 * again for a narrower sandbox.
 *
 * Returns 0; -EINVAL for a wider sandbox than the process has, or with a second thread; -ENOSYS if
 * something is missing; -errno. Then *ret_reason says why, in static memory.
 */
int procspawn__sandbox_confine(const struct procspawn__sandbox *sandbox, const char **ret_reason);

/*
 * In place of it, for PROCSPAWN_DENIAL_LEARN: nothing is confined. What profile COMPUTE would deny
 * waits for an answer by *ret_listener, a new descriptor; -1: this process has given one already.
 *
 * Returns the same; -EBUSY if another program has set a listener before.
 */
int procspawn__sandbox_learn(const struct procspawn__sandbox *sandbox, int *ret_listener,
                             const char **ret_reason);

/* Is this process in a sandbox? */
bool procspawn__sandbox_confined(void);

#endif
