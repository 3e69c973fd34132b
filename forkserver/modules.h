/* What is mapped in a process, and which of it are ELF modules; learnt from /proc and from the
 * process's own memory, so it is true even when a file was replaced. */
#ifndef FORKSERVER_MODULES_H
#define FORKSERVER_MODULES_H

#include "forkserver/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MODULES_MAPPINGS = 65536, MODULES_MODULES = 1024, MODULES_BUILD_ID = 32 };

struct mapping {
    uint64_t start, end;
    uint64_t offset;
    uint64_t inode;
    bool readable, writable, executable;
    const char *path;    /* borrowed from the modules; "" for anonymous memory */
};

struct module {
    uint64_t start, end;
    uint64_t head_end;        /* where the mapping of its first page ends */
    uint64_t bias;            /* address in memory minus address in the file's program headers */
    uint64_t unwind;          /* its .eh_frame_hdr; 0: none */
    uint64_t unwind_table;    /* the sorted table in there */
    uint64_t unwind_count;    /* entries of 8 bytes */
    uint64_t inode;
    const char *path;
    unsigned char build_id[MODULES_BUILD_ID];
    size_t build_id_size;
};

struct modules {
    char *text;    /* /proc/PID/maps, cut into strings */
    struct mapping *mapping;
    size_t mapping_count;
    struct module *module;
    size_t module_count;
};

/* Returns 0; -ENOMEM; another negative errno value when the process cannot be looked at. */
int forkserver__modules_read(struct modules *ret_modules, struct memory *memory);
void forkserver__modules_free(struct modules *modules);

/* NULL where nothing is mapped, or no module. Borrowed. */
const struct mapping *forkserver__modules_mapping(const struct modules *modules, uint64_t address);
struct module *forkserver__modules_module(const struct modules *modules, uint64_t address);

#endif
