/*
 * memory_limit.h - bounds what a child may use beyond the memory that it has at its start
 */
#ifndef FORKSCOPE_CHILD_MEMORY_LIMIT_H
#define FORKSCOPE_CHILD_MEMORY_LIMIT_H

#include <stdint.h>

/* Never raises a limit that there is. 0 or -errno. */
int procspawn__limit_memory(uint64_t bytes);

#endif
