/*
 * options.h - the options of a call, checked
 */
#ifndef FORKSCOPE_CALLS_OPTIONS_H
#define FORKSCOPE_CALLS_OPTIONS_H

#include <forkscope/call.h>
#include <jansson.h>

/*
 * 0; -EINVAL; or PROCSPAWN_EJSON: the argument is to be taken, and there is none. The reason is
 * noted (base/refusal.h), and a note of before is forgotten.
 */
int procspawn__options_check(const struct procspawn_call_options *options, const json_t *argument);

#endif
