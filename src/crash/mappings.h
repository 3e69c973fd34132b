/*
 * mappings.h - what is mapped in a process, by address
 */
#ifndef FORKSCOPE_CRASH_MAPPINGS_H
#define FORKSCOPE_CRASH_MAPPINGS_H

#include "src/base/maps.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MAPPINGS_MAX = 65536 };    /* further ones are left out */

struct mappings {
    char *text;    /* /proc/PID/maps, split into strings: paths of mappings end in a NUL */
    struct mapping *mapping;
    size_t count;
};

/*
 * Opens the list of a process's mappings with the present rights; it can be read later with fewer.
 * Returns a descriptor or a negative errno value.
 */
int crash__mappings_open(pid_t pid);

/* Reads the list. Returns 0, -ENOMEM or -EIO. */
int crash__mappings_read(struct mappings *ret_mappings, int maps);
/* The same with the text of the list, which is taken. Returns 0 or -ENOMEM. */
int crash__mappings_parse(struct mappings *ret_mappings, char *text);
void crash__mappings_free(struct mappings *mappings);

/* Returns the mapping at an address, borrowed; NULL if there is none. */
const struct mapping *crash__mappings_at(const struct mappings *mappings, uint64_t address);

#endif
