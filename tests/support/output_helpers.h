/*
 * output_helpers.h - what the tests of captured output share
 */
#ifndef FORKSCOPE_SUPPORT_OUTPUT_HELPERS_H
#define FORKSCOPE_SUPPORT_OUTPUT_HELPERS_H

#include "tests/support/call_helpers.h"

#include <forkscope/output.h>

enum { OUTPUT_LIMIT = 64 * 1024 };

/* Sets a suite up. The first captured call starts the collector, which then stays. */
void output_begin(void);

/* Starts a call whose output is captured up to this limit. */
procspawn_handle *output_start(size_t limit, bool merged, procspawn_function *function,
                               json_t *argument);
void output_join(procspawn_handle *handle, int wanted);
struct procspawn_output output_of_stdout(procspawn_handle *handle);
struct procspawn_output output_of_stderr(procspawn_handle *handle);

/* A function that prints its argument, and to stderr that it is not that. */
json_t *output_say(json_t *argument);

#endif
