/*
 * process.h - a process, or a call of a pool, as a child of a scope
 */
#ifndef FORKSCOPE_TREE_PROCESS_H
#define FORKSCOPE_TREE_PROCESS_H

#include <forkscope/call.h>
#include <forkscope/notify.h>
#include <forkscope/procspawn.h>
#include <forkscope/scope.h>
#include <jansson.h>

/*
 * As scoped_procspawn_with_signal(), with options instead of a builder; ret_signals (NULL: not
 * wanted). With a pool the child of the scope is a call of it.
 */
int procspawn__scoped_start(scoped_spawner spawner, const struct procspawn_call_options *options,
                            procspawn_function *function, json_t *argument,
                            procspawn_handle **ret_handle,
                            struct scoped_parent_signals *ret_signals);

#endif
