/*
 * maps_fuzz.c - lines of /proc/PID/maps; a process chooses the paths in them
 */
#include "tests/fuzz/fuzz.h"

#include "src/base/maps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The same mapping, written as the kernel does, reads the same. */
static void check_again(const struct mapping *mapping)
{
    struct mapping again;
    char line[256];
    int length = snprintf(line, sizeof line,
                          "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64,
                          mapping->start, mapping->end, mapping->readable ? 'r' : '-',
                          mapping->writable ? 'w' : '-', mapping->executable ? 'x' : '-',
                          mapping->shared ? 's' : 'p', mapping->offset, mapping->major,
                          mapping->minor, mapping->inode);

    fuzz_check(base__maps_line(line, (size_t)length, &again));
    fuzz_check(again.start == mapping->start && again.end == mapping->end &&
               again.offset == mapping->offset && again.inode == mapping->inode &&
               again.major == mapping->major && again.minor == mapping->minor);
    fuzz_check(again.readable == mapping->readable && again.writable == mapping->writable &&
               again.executable == mapping->executable && again.shared == mapping->shared);
    fuzz_check(again.path_length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    const void *newline = memchr(bytes, '\n', size);
    size_t length = newline ? (size_t)((const uint8_t *)newline - bytes) : size;
    char *line = fuzz_copy(&input, length);
    struct mapping mapping;

    if (base__maps_line(line, length, &mapping)) {
        fuzz_check(mapping.start < mapping.end);
        fuzz_check(mapping.path >= line && mapping.path + mapping.path_length == line + length);
        check_again(&mapping);
    }
    free(line);
    return 0;
}
