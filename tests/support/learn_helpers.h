/*
 * learn_helpers.h - calls that are learned, and lists of needs
 */
#ifndef FORKSCOPE_SUPPORT_LEARN_HELPERS_H
#define FORKSCOPE_SUPPORT_LEARN_HELPERS_H

#include "tests/support/sandbox_helpers.h"

#include <forkscope/learn.h>

/* As sandbox_begin and the like, with learning allowed and set in sandbox_builder. */
void learn_begin(void);
void learn_begin_as_somebody(void);

/* Both: a test is listed in two suites. */
#define LEARN_SUITES(name, table) \
    { .pName = name, .pSetUpFunc = learn_begin, .pTearDownFunc = sandbox_end, \
      .pTests = table }, \
    { .pName = name " of another user", .pSetUpFunc = learn_begin_as_somebody, \
      .pTearDownFunc = sandbox_end, .pTests = table }

/* Calls the function with sandbox_builder, checks that it returns an integer, and gives that. The
 * argument is taken. */
procspawn_needs *learn_call(procspawn_function *function, json_t *argument, json_int_t *ret_number);
/* The same, for a function that returns 0. */
procspawn_needs *learn(procspawn_function *function, json_t *argument);

/* A pool of this size with the sandbox of sandbox_builder. */
procspawn_pool *learn_pool(unsigned size);

/* The need of a system call: NULL: there is none. The first one, and with this path. */
const struct procspawn_need *learn_find(const procspawn_needs *needs, const char *system_call);
const struct procspawn_need *learn_find_path(const procspawn_needs *needs, const char *path);

/* Check that the need is there, and what lets it in, or why nothing does (part of the sentence). */
void learn_check_line(const struct procspawn_need *need, const char *line);
void learn_check_reason(const struct procspawn_need *need, const char *part);
/* Checks the builder's calls; prints the list if they are others. */
void learn_check_code(const procspawn_needs *needs, const char *code);

/* Returns the process id of a learner; 0: none. */
pid_t learn_learner(void);
/* Waits until there is none; checks that it takes no ten seconds. */
void learn_await_end(void);

#endif
