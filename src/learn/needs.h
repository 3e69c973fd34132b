/*
 * needs.h - the list of needs, made of what was learned
 */
#ifndef FORKSCOPE_LEARN_NEEDS_H
#define FORKSCOPE_LEARN_NEEDS_H

#include "src/learn/learned.h"
#include "src/sandbox/policy.h"
#include <forkscope/learn.h>

/*
 * A new list of what the sandbox does not let in; its paths are as procspawn__path_join() writes.
 * 0 or -ENOMEM.
 */
int procspawn__needs_new(const struct procspawn__learned *learned,
                         const struct procspawn__sandbox *sandbox, procspawn_needs **ret_needs);

#endif
