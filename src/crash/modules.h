/* What is mapped in a process, and which of it are ELF modules; learnt from /proc and from the
 * process's own memory, so it is true even when a file was replaced. */
#ifndef FORKSERVER_MODULES_H
#define FORKSERVER_MODULES_H

#include "src/crash/remote_memory.h"

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

/* The list of a process's mappings, to be read when that is wanted, by whatever rights there are
 * then. Returns a descriptor, or a negative errno value when the process cannot be looked at. */
int forkserver__modules_open(pid_t pid);

/* Reads the list; no module is known yet. Returns 0, -ENOMEM or -EIO. */
int forkserver__modules_read(struct modules *ret_modules, int maps);
/* The same with the text of the list, which is taken. Returns 0 or -ENOMEM. */
int forkserver__modules_parse(struct modules *ret_modules, char *text);

/* Reads the modules from the memory. known: those of another process; one whose first page is
 * mapped from the same file at the same place is the same, and not read again; the path is the
 * other's then. NULL: none. Returns 0 or -ENOMEM. */
int forkserver__modules_find(struct modules *modules, struct memory *memory,
                             const struct modules *known);

/* All of this process. Returns 0 or a negative errno value. */
int forkserver__modules_own(struct modules *ret_modules);
void forkserver__modules_free(struct modules *modules);

/* NULL where nothing is mapped, or no module. Borrowed. */
const struct mapping *forkserver__modules_mapping(const struct modules *modules, uint64_t address);
const struct module *forkserver__modules_module(const struct modules *modules, uint64_t address);

#endif
