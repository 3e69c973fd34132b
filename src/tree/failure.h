/*
 * failure.h - the error of a process or a pool, as a part of the failure of its supervisor
 */
#ifndef FORKSCOPE_TREE_FAILURE_H
#define FORKSCOPE_TREE_FAILURE_H

#include <forkscope/error.h>

/*
 * Called by a supervisor that will fail with `status`: its failure gets the message and a copy of
 * the error. Without memory for the copy it gets the message alone.
 */
void procspawn__explain(int status, const procspawn_error *error);

#endif
