/*
 * stacks.h - a report on a process that runs
 */
#ifndef FORKSCOPE_CALL_STACKS_H
#define FORKSCOPE_CALL_STACKS_H

#include "src/client/remote_child.h"
#include <forkscope/error.h>
#include <stdint.h>

/*
 * Has the child examined, and makes the error value of that. Returns 0, or what procspawn_stacks()
 * returns.
 */
int procspawn__stacks(const struct procspawn__remote_child *child, int64_t deadline,
                      procspawn_error **ret_report);

#endif
