/*
 * modules.h - the ELF modules of a process
 */
#ifndef FORKSCOPE_CRASH_MODULES_H
#define FORKSCOPE_CRASH_MODULES_H

#include "src/crash/mappings.h"
#include "src/crash/module.h"
#include "src/crash/remote_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODULES_MAX = 1024 }; /* further ones are left out */

struct modules {
    struct mappings mappings; /* read first; paths of modules are borrowed from them */
    struct module *module;
    size_t count;
};

/*
 * Reads the modules in the mappings from memory. known: modules of another process, or NULL; one
 * whose first page is mapped from the same file at the same address is copied and not read again.
 * Its path is then borrowed from known. So is one whose first page is gone, but not its code.
 * Returns 0 or -ENOMEM.
 */
int crash__modules_find(struct modules *modules, struct memory *memory,
                        const struct modules *known);

/* Reads the mappings and modules of this process. Returns 0 or a negative errno value. */
int crash__modules_own(struct modules *ret_modules);
void crash__modules_free(struct modules *modules);

/*
 * Does valgrind run the process whose modules these are? Its files are mapped there, then. All that
 * such a process does takes many times as long.
 */
bool crash__modules_of_valgrind(const struct modules *modules);

/* Returns the module at an address, borrowed; NULL if there is none. */
const struct module *crash__modules_at(const struct modules *modules, uint64_t address);

#endif
