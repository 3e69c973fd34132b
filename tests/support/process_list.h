/*
 * process_list.h - the children of a process, as the kernel lists them
 */
#ifndef FORKSCOPE_SUPPORT_PROCESS_LIST_H
#define FORKSCOPE_SUPPORT_PROCESS_LIST_H

#include <stdint.h>
#include <sys/types.h>

/* Returns one child; `number` counts from 0 and wraps around. 0: there is no child or no parent. */
pid_t children_one(pid_t parent, uint64_t number);

/*
 * For a subreaper: returns how many processes are left below it after a second. Ended ones are
 * reaped, the others are killed.
 */
unsigned children_left_behind(void);

#endif
