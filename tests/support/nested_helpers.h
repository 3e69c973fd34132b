/*
 * nested_helpers.h - called functions that make calls themselves
 */
#ifndef FORKSCOPE_SUPPORT_NESTED_HELPERS_H
#define FORKSCOPE_SUPPORT_NESTED_HELPERS_H

#include "tests/support/call_helpers.h"
#include <sys/types.h>

/*
 * In a called function: makes a call and returns its result, its code, or the text of its failure.
 */
json_t *nested_call(procspawn_builder *by, procspawn_function *function, json_t *argument);

/* A function to call: asks for a child that reports its rights (rights_tell). */
json_t *nested_ask(json_t *argument);

/*
 * Checks the report of such a child: every id is this one, and it has no capability. Takes the
 * report.
 */
void nested_check_powerless(json_t *told, uid_t uid, gid_t gid);
void nested_check_no_groups(const json_t *told);

#endif
