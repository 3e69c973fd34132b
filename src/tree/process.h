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

/*
 * The same for a call that is started by other means, in two steps. procspawn__scoped_new makes a
 * handle; builder: NULL: none; its name and grace count. procspawn__scoped_adopt makes `call`,
 * which has just been started, the child of the scope, which must have room. The call is taken on
 * success. Both return 0 or -errno.
 */
int procspawn__scoped_new(const procspawn_builder *builder, procspawn_handle **ret_handle);
int procspawn__scoped_adopt(procspawn_handle *handle, scoped_spawner spawner,
                            procspawn_handle *call);

#endif
