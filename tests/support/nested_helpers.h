/*
 * nested_tools.h - functions that call functions in processes of their own
 */
#ifndef TESTS_NESTED_TOOLS_H
#define TESTS_NESTED_TOOLS_H

#include "tests/support/call_helpers.h"
#include <sys/types.h>

/* In a called function: the result, the code, or the sentence of the failure. */
json_t *nested_call(procspawn_builder *by, procspawn_function *function, json_t *argument);

/* A function to call, which asks for a child that tells its rights (rights_tell). */
json_t *nested_ask(json_t *argument);

/* Looks at what such a child told: every id is this one, and no capability is left. Takes it. */
void nested_check_powerless(json_t *told, uid_t uid, gid_t gid);
void nested_check_no_groups(const json_t *told);

#endif
