/*
 * landlock.h - limits a process to paths and TCP ports
 */
#ifndef FORKSCOPE_SANDBOX_LANDLOCK_H
#define FORKSCOPE_SANDBOX_LANDLOCK_H

#include "src/sandbox/path.h"
#include "src/sandbox/policy.h"

/* Version of the kernel's Landlock; 0: it has none, or it is switched off or refused. */
int sandbox__landlock_version(void);

/* The first version that can do what the profile asks for. */
int sandbox__landlock_needed(enum procspawn_sandbox profile);

/*
 * Looks up the paths and restricts the calling thread, as far as the kernel can. It needs
 * no_new_privs or CAP_SYS_ADMIN. Returns 0, or -errno with the reason in words in ret_reason.
 */
int sandbox__landlock(const struct procspawn__sandbox *sandbox, char ret_reason[SANDBOX_REASON]);

#endif
