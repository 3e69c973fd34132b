/*
 * library.h - by which path a child finds a library that was loaded after init
 */
#ifndef FORKSCOPE_PROC_LIBRARY_H
#define FORKSCOPE_PROC_LIBRARY_H

#include <stdint.h>

/* What the loader says of a library. */
struct procspawn__library {
    const char *name;           /* as it was loaded, perhaps relative to a directory of that time */
    uint64_t base;              /* where it lies */
    uint64_t address;           /* of code in it */
    unsigned long long unloads; /* of libraries, before: others may lie in the same place then */
};

/* In new memory, and absolute; NULL where there is no such path, or no memory. */
char *procspawn__library_path(const struct procspawn__library *library);

/* Forgets all, and who held the lock: for a process that begins. */
void procspawn__library_renew(void);

#endif
