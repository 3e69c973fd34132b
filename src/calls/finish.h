/*
 * finish.h - the result of a call that has no handle
 */
#ifndef FORKSCOPE_CALLS_FINISH_H
#define FORKSCOPE_CALLS_FINISH_H

#include <forkscope/call.h>
#include <forkscope/error.h>

/* Fills the result of a call that was never made, or whose handle is gone. The error is taken. */
void procspawn__result_fail(struct procspawn_result *ret_result, procspawn_error *error);

#endif
