/*
 * children.h - the children of a process, as the kernel lists them
 */
#ifndef TESTS_CHILDREN_H
#define TESTS_CHILDREN_H

#include <stdint.h>
#include <sys/types.h>

/* One of them, the first for number 0, counted round and round; 0 if there is none, or no
 * parent. */
pid_t children_one(pid_t parent, uint64_t number);

/*
 * For a subreaper: how many processes are left below it after a second. Those that ended are
 * reaped, and those that did not are killed.
 */
unsigned children_left_behind(void);

#endif
