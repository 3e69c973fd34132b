/*
 * needs_code.h - needs as calls of a builder, in C
 */
#ifndef FORKSCOPE_LEARN_NEEDS_CODE_H
#define FORKSCOPE_LEARN_NEEDS_CODE_H

#include "src/learn/learned.h"
#include "src/sandbox/policy.h"
#include <stddef.h>

/* Returns new memory with the text as in a string of C, without quotes; NULL without memory. */
char *learn__escaped(const char *text, size_t length);

/*
 * Returns new memory with the call that lets one need in, beside what the sandbox has; "" for one
 * that nothing lets in. NULL without memory.
 */
char *learn__line(const struct procspawn__learned_call *call,
                  const struct procspawn__sandbox *sandbox);

/* The same for all of them, a line each. */
char *learn__code(const struct procspawn__learned_call *calls, size_t count,
                  const struct procspawn__sandbox *sandbox);

#endif
