/*
 * mapped.h - which file lies at an address of this process
 */
#ifndef FORKSCOPE_PROC_MAPPED_H
#define FORKSCOPE_PROC_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

struct procspawn__mapped {
    unsigned major, minor;      /* of its device */
    uint64_t inode;
};

/* False where nothing is mapped, or no file, or /proc does not tell. */
bool procspawn__mapped_at(uint64_t address, struct procspawn__mapped *ret_mapped);

/* The path of that file, in new memory; NULL as well when out of memory. */
char *procspawn__mapped_path(uint64_t address);

#endif
