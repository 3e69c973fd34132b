/*
 * module.h - an ELF module as it lies in a process's memory
 *
 * It is read from memory and not from its file, so the result is right even if the file was
 * replaced.
 */
#ifndef FORKSCOPE_CRASH_MODULE_H
#define FORKSCOPE_CRASH_MODULE_H

#include "src/base/maps.h"
#include "src/crash/remote_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODULE_BUILD_ID = 32 };

struct module {
    uint64_t start, end;
    uint64_t head_end;        /* end of the mapping of its first page */
    uint64_t bias;            /* address in memory minus address in the program headers */
    uint64_t unwind;          /* address of its .eh_frame_hdr; 0: none */
    uint64_t unwind_table;    /* address of the sorted table there */
    uint64_t unwind_count;    /* number of entries, of 8 bytes each */
    uint64_t dynamic;         /* address of its dynamic section; 0: none */
    uint64_t inode;
    const char *path;
    unsigned char build_id[MODULE_BUILD_ID];
    size_t build_id_size;
};

/*
 * Reads the module whose ELF header is at the start of this mapping; the path is borrowed from the
 * mapping and ends in a NUL. False if there is no module.
 */
bool crash__module_read(struct module *ret_module, const struct mapping *mapping,
                        struct memory *memory);

#endif
