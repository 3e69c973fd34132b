/*
 * spawn.h - a call in a process of its own, with options
 */
#ifndef FORKSCOPE_CALL_SPAWN_H
#define FORKSCOPE_CALL_SPAWN_H

#include <forkscope/call.h>
#include <forkscope/procspawn.h>
#include <jansson.h>

/* As procspawn_builder_spawn(); the pool and the scope of the options do not count here. */
int procspawn__spawn(const struct procspawn_call_options *options, procspawn_function *function,
                     json_t *argument, procspawn_handle **ret_handle);

#endif
