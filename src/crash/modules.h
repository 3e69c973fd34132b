/*
 * modules.h - the mappings of a process, and which of them are ELF modules
 *
 * Read from /proc and from the process's own memory, so the result is right even if a file was
 * replaced.
 */
#ifndef FORKSCOPE_CRASH_MODULES_H
#define FORKSCOPE_CRASH_MODULES_H

#include "src/base/maps.h"
#include "src/crash/remote_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MODULES_MAPPINGS = 65536, MODULES_MODULES = 1024, MODULES_BUILD_ID = 32 };

struct module {
    uint64_t start, end;
    uint64_t head_end;        /* end of the mapping of its first page */
    uint64_t bias;            /* address in memory minus address in the program headers */
    uint64_t unwind;          /* address of its .eh_frame_hdr; 0: none */
    uint64_t unwind_table;    /* address of the sorted table there */
    uint64_t unwind_count;    /* number of entries, of 8 bytes each */
    uint64_t inode;
    const char *path;
    unsigned char build_id[MODULES_BUILD_ID];
    size_t build_id_size;
};

struct modules {
    char *text;    /* /proc/PID/maps, split into strings: paths of mappings end in a NUL */
    struct mapping *mapping;
    size_t mapping_count;
    struct module *module;
    size_t module_count;
};

/*
 * Opens the list of a process's mappings with the present rights; it can be read later with fewer.
 * Returns a descriptor or a negative errno value.
 */
int crash__modules_open(pid_t pid);

/* Reads the list; the modules are not known yet. Returns 0, -ENOMEM or -EIO. */
int crash__modules_read(struct modules *ret_modules, int maps);
/* The same with the text of the list, which is taken. Returns 0 or -ENOMEM. */
int crash__modules_parse(struct modules *ret_modules, char *text);

/*
 * Reads the modules from memory. known: modules of another process, or NULL; one whose first page
 * is mapped from the same file at the same address is copied and not read again. Its path is then
 * borrowed from known. Returns 0 or -ENOMEM.
 */
int crash__modules_find(struct modules *modules, struct memory *memory,
                        const struct modules *known);

/* Reads the mappings and modules of this process. Returns 0 or a negative errno value. */
int crash__modules_own(struct modules *ret_modules);
void crash__modules_free(struct modules *modules);

/* Return the mapping or module at an address, borrowed; NULL if there is none. */
const struct mapping *crash__modules_mapping(const struct modules *modules, uint64_t address);
const struct module *crash__modules_module(const struct modules *modules, uint64_t address);

#endif
