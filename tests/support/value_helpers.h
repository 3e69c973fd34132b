/*
 * values.h - what the tests share of arguments and results that are not JSON
 */
#ifndef TESTS_VALUES_H
#define TESTS_VALUES_H

#include "tests/support/call_helpers.h"

/* For procspawn_cunit_setup and _teardown: no spares, so that descriptors can be counted. */
void values_begin(void);
void values_end(void);

/* Calls and joins, which must succeed; the handle is left to the caller. Takes the argument. */
json_t *values_call(procspawn_function *function, json_t *argument, procspawn_handle **ret_handle);

/* The reading end of a pipe in which the text waits; and whether it was this text. */
int values_pipe(const char *text);
bool values_reads(int fd, const char *text);

#endif
