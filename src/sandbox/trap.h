/*
 * trap.h - system calls that the SIGSYS handler does for the filter
 */
#ifndef FORKSCOPE_SANDBOX_TRAP_H
#define FORKSCOPE_SANDBOX_TRAP_H

#include <forkscope/sandbox.h>
#include <stdbool.h>
#include <ucontext.h>

/* What a trapped call that is not done leads to. Set before the filter is installed. */
void sandbox__trap_denial(enum procspawn_denial denial);

/*
 * For crash__set_trap(): async-signal-safe. Does the trapped system call and sets its result in the
 * context; false: it is denied, and a violation.
 */
bool sandbox__trap(ucontext_t *context);

#endif
