/*
 * sandbox_helpers.h - calls in a sandbox: in a process of their own, and in a pool's worker
 */
#ifndef FORKSCOPE_SUPPORT_SANDBOX_HELPERS_H
#define FORKSCOPE_SUPPORT_SANDBOX_HELPERS_H

#include "tests/support/call_helpers.h"

#include <forkscope/call.h>
#include <forkscope/sandbox.h>

/* As calls_begin and calls_end, with a builder of profile COMPUTE; the second as another user than
 * root. */
void sandbox_begin(void);
void sandbox_begin_as_somebody(void);
void sandbox_end(void);

extern procspawn_builder *sandbox_builder;

/* Both: a test is listed in two suites. */
#define SANDBOX_SUITES(name, table) \
    { .pName = name, .pSetUpFunc = sandbox_begin, .pTearDownFunc = sandbox_end, \
      .pTests = table }, \
    { .pName = name " of another user", .pSetUpFunc = sandbox_begin_as_somebody, \
      .pTearDownFunc = sandbox_end, .pTests = table }

/* How a sandboxed function is called. */
enum sandbox_way { SANDBOX_CALL, SANDBOX_POOL, SANDBOX_WAYS };

/*
 * Calls the function in the sandbox of the builder; in a pool, another call goes before it. Takes
 * the argument. The caller empties the result.
 */
void sandbox_call(enum sandbox_way way, procspawn_function *function, json_t *argument,
                  struct procspawn_result *ret_result);

/* Check in every way: the result is this integer; the error is a violation with this system call
 * and message (NULL: any). */
void sandbox_check_integer(procspawn_function *function, json_int_t wanted);
void sandbox_check_violation(procspawn_function *function, const char *system_call,
                             const char *message);
/* The call fails with kind SETUP, and its message has this text in it. */
void sandbox_check_setup(procspawn_function *function, const char *text);

#endif
