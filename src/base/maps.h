/*
 * maps.h - the lines of /proc/PID/maps
 *
 * Reads bytes that were copied from there; opens nothing. /proc/PID/smaps has the same lines, with
 * others between them.
 */
#ifndef FORKSCOPE_BASE_MAPS_H
#define FORKSCOPE_BASE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping {
    uint64_t start, end;        /* the end is the first address behind it */
    uint64_t offset;            /* in the file */
    uint64_t inode;             /* 0: no file */
    uint32_t major, minor;      /* device numbers of the file */
    bool readable, writable, executable, shared;
    /*
     * The rest of the line, borrowed from it: as the kernel writes it, with " (deleted)" behind the
     * path of a file that exists no more; a name in brackets; empty for anonymous memory.
     */
    const char *path;
    size_t path_length;
};

/*
 * Reads one line of `length` bytes, without its newline. False if it is not a whole line of a
 * mapping; then *ret_mapping is untouched.
 */
bool base__maps_line(const char *line, size_t length, struct mapping *ret_mapping);

#endif
