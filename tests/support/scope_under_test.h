/*
 * scope_under_test.h - one scope in `root`, and what it ended with
 */
#ifndef FORKSCOPE_SUPPORT_SCOPE_UNDER_TEST_H
#define FORKSCOPE_SUPPORT_SCOPE_UNDER_TEST_H

#include "tests/support/scope_helpers.h"

extern scoped_spawner scope;
extern struct scoped_outcome outcome;

void scope_open(struct scoped_options options);

/* Closes it in time. */
void scope_close(void);

#endif
