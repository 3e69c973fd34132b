/*
 * divided_memory.h - a .bss that is more than one mapping
 */
#ifndef FORKSCOPE_SUPPORT_DIVIDED_MEMORY_H
#define FORKSCOPE_SUPPORT_DIVIDED_MEMORY_H

#include <stdbool.h>

/* Divides the .bss of each library that has pages enough. Returns whether there was one. */
bool divide_library_memory(void);

#endif
