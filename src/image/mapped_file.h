/*
 * mapped_file.h - the file mapped at an address of this process
 */
#ifndef FORKSCOPE_IMAGE_MAPPED_FILE_H
#define FORKSCOPE_IMAGE_MAPPED_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct procspawn__mapped {
    unsigned major, minor;      /* device numbers */
    uint64_t inode;
};

/* False if no file is mapped there, or /proc cannot be read. */
bool procspawn__mapped_at(uint64_t address, struct procspawn__mapped *ret_mapped);

/* Returns the path of that file in new memory; NULL if there is none, or without memory. */
char *procspawn__mapped_path(uint64_t address);

#endif
