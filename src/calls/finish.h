/*
 * finish.h - the result of a call that has no handle
 */
#ifndef FORKSCOPE_CALLS_FINISH_H
#define FORKSCOPE_CALLS_FINISH_H

#include <forkscope/call.h>
#include <forkscope/error.h>
#include <jansson.h>

/* Fills the result of a call that was never made, or whose handle is gone. The error is taken. */
void procspawn__result_fail(struct procspawn_result *ret_result, procspawn_error *error);

/* Fills the result of one of many items in a call. The value is taken; its times are not known. */
void procspawn__result_succeed(struct procspawn_result *ret_result, json_t *value);

#endif
