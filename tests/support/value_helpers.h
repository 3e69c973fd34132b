/*
 * value_helpers.h - what the tests of descriptors, buffers and channels in values share
 */
#ifndef FORKSCOPE_SUPPORT_VALUE_HELPERS_H
#define FORKSCOPE_SUPPORT_VALUE_HELPERS_H

#include "tests/support/call_helpers.h"

/* Without spares, so that descriptors can be counted. */
void values_begin(void);
void values_end(void);

/* A suite whose tests run between these. The end waits for all processes: a call whose handle was
 * freed may still be on its way out. */
#define VALUES_SUITE(name, table) \
    { .pName = name, .pSetUpFunc = values_begin, .pTearDownFunc = values_end, .pTests = table }

/*
 * Makes a call and joins it; asserts that it succeeds. The caller frees the handle. Takes the
 * argument.
 */
json_t *values_call(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle);

/*
 * Returns the reading end of a pipe that contains the text; checks that a pipe contains this text.
 */
int values_pipe(const char *text);
bool values_reads(int fd, const char *text);

#endif
