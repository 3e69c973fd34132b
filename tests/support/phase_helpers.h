/*
 * phase_helpers.h - what the tests of the phases of a task share
 */
#ifndef FORKSCOPE_SUPPORT_PHASE_HELPERS_H
#define FORKSCOPE_SUPPORT_PHASE_HELPERS_H

#include "tests/support/scope_helpers.h"

/* The test has cancelled the task, or is about to. */
extern struct event cancelled;

/* A root, the events and the log, and `cancelled`. */
void phases_set_up(void);
void phases_tear_down(void);

#define PHASES_SUITE(name, table) \
    { \
        .pName = name, .pSetUpFunc = phases_set_up, .pTearDownFunc = phases_tear_down, \
        .pTests = table \
    }

/* A cleanup handler: logs 'c'. */
void phases_log_clean_up(void *arg);

#endif
